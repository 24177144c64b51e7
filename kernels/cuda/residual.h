// A sublayer on the GPU with its residual connection and norm (kernels/cpu/residual.h).
#pragma once
#include "kernels/cuda/context.h"

namespace separatrix::SIMT {

class DeviceResidual {
 public:
  DeviceResidual(DeviceContext& context, NormPlace place, const std::string& norm, double eps, int width,
                 const Weights<float>& layout, std::unique_ptr<DeviceSublayer> sublayer)
      : context_(context),
        place_(place),
        eps_(static_cast<float>(eps)),
        width_(width),
        norm_(place == NormPlace::none ? 0 : layout.parameter(norm).offset),
        sublayer_(std::move(sublayer)) {}

  /// x -> y, both (tokens, width); x must stay unchanged until the backward pass.
  void forward(const BatchShape& shape, Rows<const float> x, Rows<float> y) {
    const std::ptrdiff_t n = shape.tokens();
    if (place_ == NormPlace::none) return sublayer_->forward(shape, operand_of(n, width_, x), y, x);
    const float* weight = context_.weights + norm_;
    if (place_ == NormPlace::pre) {
      sublayer_->forward(shape, normed_.forward(context_, norm_shape(n), x, weight), y, x);
    } else {
      const Rows<float> inner = inner_.rows(context_, n, width_);
      sublayer_->forward(shape, operand_of(n, width_, x), inner, {});
      rms_norm_forward(context_.stream(), norm_shape(n), Rows<const float>(inner), weight, y,
                       rstd_.reserve(context_, static_cast<std::size_t>(n)), x);
    }
  }

  /// d (tokens, width): gradient after the sublayer -> gradient before it; dy is d as the operand of a product, and so is what is
  /// returned: rounded by the kernel that has written d, where there is one.
  DeviceOperand backward(const BatchShape& shape, Rows<const float> x, Rows<float> d, const DeviceOperand& dy) {
    const std::ptrdiff_t n = shape.tokens();
    const Rows<float> d_inner = d_inner_.rows(context_, n, width_);
    if (place_ == NormPlace::pre) {
      sublayer_->backward(shape, dy, d_inner, false);
      return norm_backward(n, d_inner, x, normed_.rstd(), d, true);
    }
    if (place_ == NormPlace::post) {
      sublayer_->backward(shape, norm_backward(n, d, inner_.rows(), rstd_.data(), d_inner, false), d, true);
    } else {
      copy_rows(context_.stream(), n, width_, d, d_inner);
      sublayer_->backward(shape, operand_of(n, width_, Rows<const float>(d_inner)), d, true);
    }
    return operand_of(n, width_, Rows<const float>(d));
  }

 private:
  NormShape norm_shape(std::ptrdiff_t n) const { return {n, width_, 1, eps_}; }
  /// dx as the operand of a product.
  DeviceOperand norm_backward(std::ptrdiff_t n, Rows<const float> dy, Rows<const float> x, const float* rstd, Rows<float> dx,
                              bool accumulate) {
    float* scratch = scratch_.reserve(context_, sums_scratch_size(static_cast<std::size_t>(width_)));
    const bool rounds = context_.precision == Precision::bf16;
    const Rows<bf16> rounded = rounds ? context_.rounded_gradient.rows(context_, n, width_) : Rows<bf16>{};
    rms_norm_backward(context_.stream(), norm_shape(n), dy, x, context_.weights + norm_, rstd, dx, context_.gradient + norm_,
                      scratch, accumulate, rounded);
    return rounds ? operand_of(n, width_, Rows<const bf16>(rounded)) : operand_of(n, width_, Rows<const float>(dx));
  }

  DeviceContext& context_;
  NormPlace place_;
  float eps_;
  std::ptrdiff_t width_;
  std::size_t norm_;
  std::unique_ptr<DeviceSublayer> sublayer_;
  DeviceNormed normed_;                                   // pre
  DeviceBuffer<float> inner_, rstd_, d_inner_, scratch_;  // inner: f(x), its rstd (post)
};

}  // namespace separatrix::SIMT
