#include "kernels/cpu/residual.h"

#include <cstring>

namespace separatrix {

Residual::Residual(NormPlace place, const std::string& norm, double eps, int width, const Weights<float>& layout,
                   std::unique_ptr<Sublayer> sublayer)
    : place_(place), eps_(static_cast<float>(eps)), width_(width), sublayer_(std::move(sublayer)) {
  if (place != NormPlace::none) norm_offset_ = layout.parameter(norm).offset;
}

void Residual::load(const Weights<float>& weights) {
  norm_ = weights.values().data() + norm_offset_;
  sublayer_->load(weights);
}

void Residual::forward(const BatchShape& shape, Rows<const float> x, Rows<float> y) {
  const std::ptrdiff_t n = shape.tokens(), m = shape.outputs();
  gather(shape, width_, x, y);
  if (place_ == NormPlace::none) {
    sublayer_->forward(shape, x, y, true);
    return;
  }
  const Rows<float> inner = inner_.rows(n, width_);
  float* rstd = rstd_.reserve(n);
  if (place_ == NormPlace::pre) {
    rms_norm_forward(norm_shape(n), x, norm_, inner, rstd);
    sublayer_->forward(shape, inner, y, true);
  } else {
    sublayer_->forward(shape, x, inner, false);
    rms_norm_forward(norm_shape(m), inner, norm_, y, rstd, true);
  }
}

void Residual::backward(const BatchShape& shape, Rows<const float> x, Rows<const float> dy, Rows<float> d,
                        Weights<float>& gradient) {
  const std::ptrdiff_t n = shape.tokens(), m = shape.outputs();
  const Rows<float> d_inner = d_inner_.rows(n, width_);
  float* d_norm = gradient.values().data() + norm_offset_;
  const auto pass_around = [&] {
    if (d.data != dy.data) scatter(shape, width_, dy, d);
  };
  if (place_ == NormPlace::pre) {
    sublayer_->backward(shape, dy, d_inner, false, gradient);
    pass_around();
    rms_norm_backward(norm_shape(n), d_inner, x, norm_, rstd_.data(), d, d_norm, true);
    return;
  }
  if (place_ == NormPlace::post)
    rms_norm_backward(norm_shape(m), dy, {inner_.data(), width_}, norm_, rstd_.data(), d_inner, d_norm);
  else
    std::memcpy(d_inner.data, dy.data, static_cast<std::size_t>(m * width_) * sizeof(float));
  pass_around();
  sublayer_->backward(shape, d_inner, d, true, gradient);
}

}  // namespace separatrix
