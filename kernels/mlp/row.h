// One row of an activation: what row.inc provides for each instruction set (equations: mlp.h).
#pragma once
#include <cstddef>

namespace separatrix {

struct ActivationKernels {
  void (*swiglu_forward)(std::ptrdiff_t hidden, const float* gate_up, float* y);
  void (*swiglu_backward)(std::ptrdiff_t hidden, const float* gate_up, const float* dy, float* dgate_up);
  void (*relu_forward)(std::ptrdiff_t hidden, const float* up, float* y);
  void (*relu_backward)(std::ptrdiff_t hidden, const float* up, const float* dy, float* dup);
};

namespace sse2 {
extern const ActivationKernels activation_kernels;
}
namespace avx2 {
extern const ActivationKernels activation_kernels;
}
namespace avx512 {
extern const ActivationKernels activation_kernels;
}

}  // namespace separatrix
