// AdamW on a piece of the flat arrays: what update.inc provides for each instruction set.
#pragma once
#include <cstddef>

namespace separatrix {

/// The step's constants: keep = 1 - lr wd, rate = lr / (1 - beta1^t), root = 1 / sqrt(1 - beta2^t).
struct AdamWStep {
  float beta1, one_minus_beta1, beta2, one_minus_beta2, eps, keep, rate, root, gradient_factor;
};

struct AdamWKernels {
  void (*update)(const AdamWStep& step, std::ptrdiff_t n, const float* gradient, float* m, float* v, float* weights);
  /// Sum of squares, in double.
  double (*squares)(std::ptrdiff_t n, const float* x);
};

namespace sse2 {
extern const AdamWKernels adamw_kernels;
}
namespace avx2 {
extern const AdamWKernels adamw_kernels;
}
namespace avx512 {
extern const AdamWKernels adamw_kernels;
}

}  // namespace separatrix
