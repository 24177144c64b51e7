#include "kernels/cpu/residual.h"

#include <algorithm>

namespace separatrix {

Residual::Residual(NormPlace place, const std::string& norm, double eps, int width, Precision precision,
                   const Weights<float>& layout, std::unique_ptr<Sublayer> sublayer)
    : place_(place), eps_(static_cast<float>(eps)), width_(width), precision_(precision), sublayer_(std::move(sublayer)) {
  if (place != NormPlace::none) norm_offset_ = layout.parameter(norm).offset;
}

void Residual::load(const Weights<float>& weights) {
  norm_ = weights.values().data() + norm_offset_;
  sublayer_->load(weights);
}

void Residual::forward(const BatchShape& shape, Rows<const float> x, Rows<float> y) {
  if (place_ == NormPlace::none) return sublayer_->forward(shape, x, x, y);
  const std::ptrdiff_t n = shape.tokens();
  const Rows<float> inner = inner_.reserve(n, width_, precision_);
  float* rstd = rstd_.reserve(n);
  if (place_ == NormPlace::pre) {
    rms_norm_forward(norm_shape(shape), x, norm_, inner, rstd);
    sublayer_->forward(shape, inner, x, y);
  } else {
    sublayer_->forward(shape, x, {}, inner);
    rms_norm_forward(norm_shape(shape), inner, norm_, y, rstd, x);
  }
}

void Residual::backward(const BatchShape& shape, Rows<const float> x, Rows<float> d, Weights<float>& gradient) {
  const Rows<float> d_inner = d_inner_.reserve(shape.tokens(), width_, precision_);
  float* d_norm = gradient.values().data() + norm_offset_;
  if (place_ == NormPlace::pre) {
    sublayer_->backward(shape, d, d_inner, false, gradient);
    rms_norm_backward(norm_shape(shape), d_inner, x, norm_, rstd_.data(), d, d_norm, true);
  } else if (place_ == NormPlace::post) {
    rms_norm_backward(norm_shape(shape), d, inner_.rows(), norm_, rstd_.data(), d_inner, d_norm);
    sublayer_->backward(shape, d_inner, d, true, gradient);
  } else {
    for (std::ptrdiff_t i = 0; i < shape.tokens(); ++i) std::copy_n(d.row(i), width_, d_inner.row(i));
    sublayer_->backward(shape, d_inner, d, true, gradient);
  }
}

}  // namespace separatrix
