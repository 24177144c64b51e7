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

  void forward(const BatchShape& shape, Rows<const float> x, Rows<float> y, bool accumulate) override {
    const std::ptrdiff_t n = shape.tokens();
    const Rows<float> projected = projected_.rows(n, up_.out());
    up_.forward(n, x, projected);
    const auto activate = [&](auto to) {
      swiglu_ ? swiglu_forward(n, hidden_, projected, to) : relu_forward(n, hidden_, projected, to);
    };
    if (bf16_) {
      activate(down_.x().make_bf16(n, hidden_));
      down_.forward(y, accumulate);
    } else {
      const Rows<float> active = active_.rows(n, hidden_);
      activate(active);
      down_.forward(n, active, y, accumulate);
    }
  }

  void backward(const BatchShape& shape, Rows<const float> dy, Rows<float> dx, bool accumulate, Weights<float>& gradient) override {
    const std::ptrdiff_t n = shape.tokens();
    const Rows<float> projected{projected_.data(), up_.out()}, d_active = d_active_.rows(n, hidden_);
    down_.backward(n, dy, d_active, false, gradient);
    const auto differentiate = [&](auto to) {
      swiglu_ ? swiglu_backward(n, hidden_, projected, d_active, to) : relu_backward(n, hidden_, projected, d_active, to);
    };
    if (bf16_) {
      differentiate(up_.dy().make_bf16(n, up_.out()));
      up_.backward(dx, accumulate, gradient);
    } else {
      differentiate(projected);
      up_.backward(n, projected, dx, accumulate, gradient);
    }
  }

 private:
  bool swiglu_, bf16_;  // bf16: what the activation gives is rounded as it comes, for the next product reads no floats
  std::ptrdiff_t hidden_;
  CpuLinear up_, down_;
  Buffer projected_, active_, d_active_;
};

}  // namespace

std::unique_ptr<Sublayer> make_cpu_mlp(const Mlp& settings, const std::string& at, const Weights<float>& layout,
                                       Precision precision) {
  return std::make_unique<CpuMlp>(settings, at, layout, precision);
}

}  // namespace separatrix
