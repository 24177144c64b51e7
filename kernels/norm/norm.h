// Root-mean-square norm (Zhang and Sennrich 2019): y = w * x r, r = 1 / sqrt(mean(x^2) + eps), of every row or of every part of it.
// Backward, with g = w * dy and h = x r:  dx = r (g - h mean(g * h)),  dw = sum over rows of dy * h.
#pragma once
#include "kernels/rows.h"

namespace separatrix {

/// Each row is `groups` neighbouring parts of `width`; each part is normed alone, all with the same weight (width).
/// groups = 1 norms whole rows; groups = heads is the per-head norm of queries and keys.
struct NormShape {
  std::ptrdiff_t rows = 0, width = 0, groups = 1;
  float eps = 1e-6f;
};

/// y = norm(x) + add, add.data null: nothing (post-norm: the residual stream takes the normed output).
/// x, add, y: (rows, groups * width), y may be x or add; rstd: (rows, groups), r of each part, kept for the backward pass.
void rms_norm_forward(const NormShape& shape, Rows<const float> x, const float* weight, Rows<float> y, float* rstd,
                      Rows<const float> add = {});

/// dx = gradient, or dx += with `accumulate`; dx may be dy.  dweight (width) is added to, in an order of summation that depends on
/// the number of rows alone, not on the number of threads.
void rms_norm_backward(const NormShape& shape, Rows<const float> dy, Rows<const float> x, const float* weight, const float* rstd,
                       Rows<float> dx, float* dweight, bool accumulate = false);

}  // namespace separatrix
