// The MLP on the GPU: gate and up in one product, the activation, down.
#include "kernels/cuda/linear.h"

namespace separatrix::SIMT {
namespace {

class DeviceMlp final : public DeviceSublayer {
 public:
  DeviceMlp(DeviceContext& context, const Mlp& settings, const std::string& at, const Weights<float>& layout)
      : context_(context),
        swiglu_(settings.activation == Activation::swiglu),
        hidden_(settings.hidden),
        up_(context, layout, at + (swiglu_ ? "mlp.gate_proj.weight" : "mlp.up_proj.weight"), at + "mlp.up_proj.weight"),
        down_(context, layout, at + "mlp.down_proj.weight", at + "mlp.down_proj.weight") {}

  void forward(const BatchShape& shape, Rows<const float> x, Rows<float> y, bool accumulate) override {
    const std::ptrdiff_t n = shape.tokens();
    const Rows<float> projected = projected_.rows(context_, n, up_.out()), active = active_.rows(context_, n, hidden_);
    up_.forward(n, x, projected);
    (swiglu_ ? swiglu_forward : relu_forward)(context_.stream(), n, hidden_, projected, active);
    down_.forward(n, active, y, accumulate);
  }

  void backward(const BatchShape& shape, Rows<const float> dy, Rows<float> dx, bool accumulate) override {
    const std::ptrdiff_t n = shape.tokens();
    const Rows<float> projected{projected_.data(), up_.out()}, d_active = d_active_.rows(context_, n, hidden_);
    down_.backward(n, dy, d_active, false);
    (swiglu_ ? swiglu_backward : relu_backward)(context_.stream(), n, hidden_, projected, d_active, projected);
    up_.backward(n, projected, dx, accumulate);
  }

 private:
  DeviceContext& context_;
  bool swiglu_;
  std::ptrdiff_t hidden_;
  DeviceLinear up_, down_;
  DeviceBuffer<float> projected_, active_, d_active_;
};

}  // namespace

std::unique_ptr<DeviceSublayer> make_mlp(DeviceContext& context, const Mlp& settings, const std::string& at,
                                         const Weights<float>& layout) {
  return std::make_unique<DeviceMlp>(context, settings, at, layout);
}

}  // namespace separatrix::SIMT
