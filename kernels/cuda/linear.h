// y = x W^T on the GPU for a run of neighbouring projections (kernels/cpu/linear.h).  In bf16 the operands are bf16: as they come,
// or rounded copies.
#pragma once
#include "kernels/cuda/context.h"

namespace separatrix::SIMT {

class DeviceLinear {
 public:
  DeviceLinear(DeviceContext& context, const Weights<float>& layout, const std::string& first, const std::string& last)
      : context_(context), offset_(layout.parameter(first).offset), in_(layout.parameter(first).shape[1]) {
    const Parameter& end = layout.parameter(last);
    out_ = static_cast<std::ptrdiff_t>(end.offset + end.size - offset_) / in_;
    rounded_weight_.offset = offset_, rounded_weight_.rows = out_, rounded_weight_.cols = in_;
    if (context.precision == Precision::bf16) context.rounded_weights.push_back(&rounded_weight_);
  }
  DeviceLinear(const DeviceLinear&) = delete;  // the context knows where it is
  DeviceLinear& operator=(const DeviceLinear&) = delete;
  std::ptrdiff_t out() const { return out_; }

  /// y (n, out) = x W^T + add (nothing where it is null); x (n, in) must stay unchanged until the backward pass.  Y is float, or
  /// bf16 in bf16.
  template <class Y>
  void forward(const DeviceOperand& x, Rows<Y> y, Rows<const std::type_identity_t<Y>> add = {}) {
    weight_ = context_.precision == Precision::bf16 ? operand_of(out_, in_, Rows<const bf16>(rounded_weight_.memory.rows()))
                                                    : operand_of(out_, in_, Rows<const float>{context_.weights + offset_, in_});
    x_ = operand(x, rounded_x_);
    context_.products.run(context_.stream(), x_, false, weight_, true, y, add);
  }

  /// dx (n, in) = dy W, or +=; the gradient of W is added to.
  template <class X>
  void backward(const DeviceOperand& dy, Rows<X> dx, bool accumulate) {
    const DeviceOperand d = operand(dy, rounded_dy_);
    const Rows<float> d_weight{context_.gradient + offset_, in_};
    context_.products.run(context_.stream(), d, true, x_, false, d_weight, Rows<const float>(d_weight));
    context_.products.run(context_.stream(), d, false, weight_, false, dx, accumulate ? Rows<const X>(dx) : Rows<const X>{});
  }

 private:
  DeviceOperand operand(const DeviceOperand& x, DeviceBuffer<bf16>& rounded) {
    if (context_.precision == Precision::fp32 || x.is_bf16()) return x;
    const Rows<bf16> copy = rounded.rows(context_, x.rows, x.cols);
    round_rows(context_.stream(), x.rows, x.cols, x.floats, copy);
    return operand_of(x.rows, x.cols, copy);
  }

  DeviceContext& context_;
  std::size_t offset_;
  std::ptrdiff_t in_, out_;
  DeviceOperand weight_, x_;
  RoundedWeight rounded_weight_{};  // by round_weights
  DeviceBuffer<bf16> rounded_x_, rounded_dy_;
};

}  // namespace separatrix::SIMT
