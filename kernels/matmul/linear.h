// The three products of a linear layer y = x W^T, its tokens in blocks.
#pragma once
#include "kernels/matmul/matmul.h"

namespace separatrix {

/// The weights W (out, in) of a linear layer.  For many tokens they are laid out once per step and direction as their product reads
/// them fastest (notes.md), which saves oneDNN the same rearranging for every block.
class LinearWeight {
 public:
  /// Once per step; w must stay alive and unchanged until the next one.
  void load(std::ptrdiff_t out, std::ptrdiff_t in, Rows<const float> w, Precision precision);
  /// Lays W out for forward or for backward; again before the next load does nothing.  bf16 needs it.  fp32 does without: a few
  /// tokens are faster with the weights as they are.  Not in a parallel region.
  void order_forward();
  void order_backward();
  /// y (n, out) = x (n, in) W^T, or +=
  void forward(const Factor& x, Rows<float> y, bool accumulate = false) const { product(x, forward_, true, y, accumulate); }
  /// dx (n, in) = dy (n, out) W, or +=; both throw Error when sizes or precisions do not fit.
  void backward(const Factor& dy, Rows<float> dx, bool accumulate = false) const { product(dy, backward_, false, dx, accumulate); }

 private:
  struct Ordered {
    bool done = false;
    AlignedVector<float> floats;        // (k, n) of the product, rows row_stride(n) apart
    AlignedVector<std::uint16_t> bf16;  // oneDNN's own order
  };
  void product(const Factor& x, const Ordered& ordered, bool transpose, Rows<float> y, bool accumulate) const;

  Factor weight_;  // (out, in), the caller's
  Precision precision_ = Precision::fp32;
  Ordered forward_, backward_;
};

/// dW (out, in) = dy^T x, or += (the default: several uses of one weight add up); every thread makes some rows of dW.
void linear_backward_weight(const Factor& dy, const Factor& x, Rows<float> dweight, bool accumulate = true);

}  // namespace separatrix
