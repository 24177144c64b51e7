// A sublayer with its residual connection and norm:  x + f(norm(x)),  x + norm(f(x))  or  x + f(x).
#pragma once
#include "kernels/cpu/buffer.h"
#include "kernels/cpu/sublayer.h"
#include "kernels/norm/norm.h"

namespace separatrix {

class Residual {
 public:
  Residual(NormPlace place, const std::string& norm, double eps, int width, Precision precision, const Weights<float>& layout,
           std::unique_ptr<Sublayer> sublayer);
  void load(const Weights<float>& weights);
  /// x -> y, both (tokens, width); x must stay unchanged until the backward pass.
  void forward(const BatchShape& shape, Rows<const float> x, Rows<float> y);
  /// d (tokens, width): gradient after the sublayer -> gradient before it.
  void backward(const BatchShape& shape, Rows<const float> x, Rows<float> d, Weights<float>& gradient);

 private:
  NormShape norm_shape(const BatchShape& shape) const { return {shape.tokens(), width_, 1, eps_}; }

  NormPlace place_;
  float eps_;
  std::ptrdiff_t width_;
  Precision precision_;  // of the sublayer's products
  std::size_t norm_offset_ = 0;
  const float* norm_ = nullptr;  // the norm's weight of this step
  std::unique_ptr<Sublayer> sublayer_;
  MatrixBuffer inner_, d_inner_;  // inner: norm(x) when pre, f(x) when post
  Buffer rstd_;
};

}  // namespace separatrix
