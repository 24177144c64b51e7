// The MLP on the GPU: gate and up in one product, the activation, down.
#include "kernels/cuda/linear.h"

namespace separatrix::SIMT {
namespace {

/// T: float or bf16, what lies between the products.
template <class T>
class DeviceMlp final : public DeviceSublayer {
 public:
  DeviceMlp(DeviceContext& context, const Mlp& settings, const std::string& at, const Weights<float>& layout)
      : context_(context),
        swiglu_(settings.activation == Activation::swiglu),
        hidden_(settings.hidden),
        up_(context, layout, at + (swiglu_ ? "mlp.gate_proj.weight" : "mlp.up_proj.weight"), at + "mlp.up_proj.weight"),
        down_(context, layout, at + "mlp.down_proj.weight", at + "mlp.down_proj.weight") {}

  void forward(const BatchShape& shape, const DeviceOperand& x, Rows<float> y, Rows<const float> add) override {
    const std::ptrdiff_t n = shape.tokens();
    const Rows<T> projected = projected_.rows(context_, n, up_.out()), active = active_.rows(context_, n, hidden_);
    up_.forward(x, projected);
    (swiglu_ ? swiglu_forward<T> : relu_forward<T>)(context_.stream(), n, hidden_, projected, active);
    down_.forward(operand_of(n, hidden_, active), y, add);
  }

  void backward(const BatchShape& shape, const DeviceOperand& dy, Rows<float> dx, bool accumulate) override {
    const std::ptrdiff_t n = shape.tokens();
    const Rows<T> projected = projected_.rows(), d_active = d_active_.rows(context_, n, hidden_);
    down_.backward(dy, d_active, false);
    (swiglu_ ? swiglu_backward<T> : relu_backward<T>)(context_.stream(), n, hidden_, projected, d_active, projected);
    up_.backward(operand_of(n, up_.out(), projected), dx, accumulate);
  }

 private:
  DeviceContext& context_;
  bool swiglu_;
  std::ptrdiff_t hidden_;
  DeviceLinear up_, down_;
  DeviceBuffer<T> projected_, active_, d_active_;
};

}  // namespace

std::unique_ptr<DeviceSublayer> make_mlp(DeviceContext& context, const Mlp& settings, const std::string& at,
                                         const Weights<float>& layout) {
  return for_activations(context.precision, [&](auto t) -> std::unique_ptr<DeviceSublayer> {
    return std::make_unique<DeviceMlp<decltype(t)>>(context, settings, at, layout);
  });
}

}  // namespace separatrix::SIMT
