// y = x W^T on the GPU for a run of neighbouring projections (kernels/cpu/linear.h).  In bf16 the operands are rounded copies.
#pragma once
#include "kernels/cuda/context.h"

namespace separatrix::SIMT {

class DeviceLinear {
 public:
  DeviceLinear(DeviceContext& context, const Weights<float>& layout, const std::string& first, const std::string& last)
      : context_(context), offset_(layout.parameter(first).offset), in_(layout.parameter(first).shape[1]) {
    const Parameter& end = layout.parameter(last);
    out_ = static_cast<std::ptrdiff_t>(end.offset + end.size - offset_) / in_;
  }
  std::ptrdiff_t out() const { return out_; }

  /// y (n, out) = x W^T, or +=; x (n, in) must stay unchanged until the backward pass.
  void forward(std::ptrdiff_t n, Rows<const float> x, Rows<float> y, bool accumulate = false) {
    weight_ = operand(out_, in_, {context_.weights + offset_, in_}, rounded_weight_);
    x_ = operand(n, in_, x, rounded_x_);
    context_.products.run(context_.stream(), x_, false, weight_, true, y, accumulate);
  }

  /// dx (n, in) = dy W, or +=; the gradient of W is added to.
  void backward(std::ptrdiff_t n, Rows<const float> dy, Rows<float> dx, bool accumulate) {
    const DeviceOperand d = operand(n, out_, dy, rounded_dy_);
    context_.products.run(context_.stream(), d, true, x_, false, {context_.gradient + offset_, in_}, true);
    context_.products.run(context_.stream(), d, false, weight_, false, dx, accumulate);
  }

 private:
  DeviceOperand operand(std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const float> x, DeviceBuffer<bf16>& rounded) {
    if (context_.precision == Precision::fp32) return {rows, cols, x, nullptr};
    bf16* copy = rounded.reserve(context_, static_cast<std::size_t>(rows * cols));
    round_rows(context_.stream(), rows, cols, x, copy);
    return {rows, cols, {}, copy};
  }

  DeviceContext& context_;
  std::size_t offset_;
  std::ptrdiff_t in_, out_;
  DeviceOperand weight_, x_;
  DeviceBuffer<bf16> rounded_weight_, rounded_x_, rounded_dy_;
};

}  // namespace separatrix::SIMT
