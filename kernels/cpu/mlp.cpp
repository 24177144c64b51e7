// The MLP on the CPU: gate and up in one product, the activation, down.
#include "kernels/mlp/mlp.h"

#include "kernels/cpu/buffer.h"
#include "kernels/cpu/linear.h"
#include "kernels/cpu/sublayer.h"

namespace separatrix {
namespace {

class CpuMlp final : public Sublayer {
 public:
  CpuMlp(const Mlp& settings, const std::string& at, const Weights<float>& layout, Precision precision)
      : swiglu_(settings.activation == Activation::swiglu),
        bf16_(precision == Precision::bf16),
        hidden_(settings.hidden),
        up_(layout, at + (swiglu_ ? "mlp.gate_proj.weight" : "mlp.up_proj.weight"), at + "mlp.up_proj.weight", precision),
        down_(layout, at + "mlp.down_proj.weight", at + "mlp.down_proj.weight", precision) {}

  void load(const Weights<float>& weights) override {
    up_.load(weights);
    down_.load(weights);
  }

  void forward(const BatchShape& shape, Rows<const float> x, Rows<const float> add, Rows<float> y) override {
    const std::ptrdiff_t n = shape.tokens();
    const Rows<float> projected = projected_.reserve(n, up_.out(), up_.precision()),
                      active = bf16_ ? Rows<float>{} : active_.reserve(n, hidden_);
    up_.start(n, x);
    bf16_ ? down_.start_rounded(n) : down_.start(n, active);
    for_blocks(n, up_.out(), up_.precision(), [&](const TokenBlock& b) {
      const Rows<float> p = from_row(projected, b.first), out = from_row(y, b.first);
      const Rows<const float> add_here = from_row(add, b.first);
      up_.forward(b, p);
      const auto activate = [&](auto to) {
        swiglu_ ? swiglu_forward(b.count, hidden_, p, to) : relu_forward(b.count, hidden_, p, to);
      };
      bf16_ ? activate(down_.rounded(b.first)) : activate(from_row(active, b.first));
      down_.forward(b, out, add_here);
    });
  }

  void backward(const BatchShape& shape, Rows<const float> dy, Rows<float> dx, bool accumulate, Weights<float>& gradient) override {
    const std::ptrdiff_t n = shape.tokens();
    const std::ptrdiff_t most = block_tokens(up_.out(), up_.precision());
    const Rows<float> projected = projected_.rows(), d_active = d_active_.reserve(threads() * most, hidden_, down_.precision());
    down_.start_gradient(n, dy);
    bf16_ ? up_.start_rounded_gradient(n) : up_.start_gradient(n, projected);
    for_blocks(n, up_.out(), up_.precision(), [&](const TokenBlock& b) {
      const Rows<float> p = from_row(projected, b.first), d = from_row(d_active, b.thread * most);
      down_.backward(b, d, false);
      const auto differentiate = [&](auto to) {
        swiglu_ ? swiglu_backward(b.count, hidden_, p, d, to) : relu_backward(b.count, hidden_, p, d, to);
      };
      bf16_ ? differentiate(up_.rounded_gradient(b.first)) : differentiate(p);
      const Rows<float> out = from_row(dx, b.first);
      up_.backward(b, out, accumulate);
    });
    down_.add_gradient(gradient);
    up_.add_gradient(gradient);
  }

 private:
  bool swiglu_, bf16_;  // bf16: what the activation gives is rounded as it comes, for the next product reads no floats
  std::ptrdiff_t hidden_;
  CpuLinear up_, down_;
  MatrixBuffer projected_, active_, d_active_;
};

}  // namespace

std::unique_ptr<Sublayer> make_cpu_mlp(const Mlp& settings, const std::string& at, const Weights<float>& layout,
                                       Precision precision) {
  return std::make_unique<CpuMlp>(settings, at, layout, precision);
}

}  // namespace separatrix
