// y = x W^T for a run of neighbouring projections that read the same x (q k v g a b, or gate up): one matrix product.
#pragma once
#include <string>

#include "kernels/matmul/matmul.h"
#include "models/weights.h"

namespace separatrix {

class CpuLinear {
 public:
  CpuLinear() = default;
  /// The projections from `first` to `last`, neighbours in the layout.
  CpuLinear(const Weights<float>& layout, const std::string& first, const std::string& last, Precision precision)
      : offset_(layout.parameter(first).offset), in_(layout.parameter(first).shape[1]), precision_(precision) {
    const Parameter& end = layout.parameter(last);
    out_ = static_cast<std::ptrdiff_t>(end.offset + end.size - offset_) / in_;
  }

  std::ptrdiff_t in() const { return in_; }
  std::ptrdiff_t out() const { return out_; }
  Operand& x() { return x_; }
  Operand& dy() { return dy_; }

  /// Takes the weights of this step.
  void load(const Weights<float>& w) { weight_.load(out_, in_, {w.values().data() + offset_, in_}, precision_); }

  /// y (n, out) = x W^T, or +=; x (n, in) must stay unchanged until the backward pass.
  void forward(std::ptrdiff_t n, Rows<const float> x, Rows<float> y, bool accumulate = false) {
    x_.load(n, in_, x, precision_);
    forward(y, accumulate);
  }
  /// The same for what x() holds.
  void forward(Rows<float> y, bool accumulate) { matmul(x_, false, weight_, true, y, accumulate); }

  /// dx (n, in) = dy W, or +=; the gradient of W is added to.
  void backward(std::ptrdiff_t n, Rows<const float> dy, Rows<float> dx, bool accumulate, Weights<float>& gradient) {
    dy_.load(n, out_, dy, precision_);
    backward(dx, accumulate, gradient);
  }
  /// The same for what dy() holds.
  void backward(Rows<float> dx, bool accumulate, Weights<float>& gradient) {
    linear_backward_weight(dy_, x_, {gradient.values().data() + offset_, in_});
    linear_backward_input(dy_, weight_, dx, accumulate);
  }

 private:
  std::size_t offset_ = 0;
  std::ptrdiff_t in_ = 0, out_ = 0;
  Precision precision_ = Precision::fp32;
  Operand weight_, x_, dy_;
};

}  // namespace separatrix
