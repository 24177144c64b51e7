// One part of one row: what part.inc provides for each instruction set (equations: norm.h).
#pragma once
#include <cstddef>

namespace separatrix {

struct NormKernels {
  /// y = or += norm(x).  Returns r.
  float (*forward)(std::ptrdiff_t width, float eps, const float* x, const float* weight, float* y, const float* add);
  /// dx = or +=, dweight +=
  void (*backward)(std::ptrdiff_t width, float rstd, const float* dy, const float* x, const float* weight, float* dx,
                   float* dweight, bool accumulate);
};

namespace sse2 {
extern const NormKernels norm_kernels;
}
namespace avx2 {
extern const NormKernels norm_kernels;
}
namespace avx512 {
extern const NormKernels norm_kernels;
}

}  // namespace separatrix
