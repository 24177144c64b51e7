// One head of one sequence: what head.inc provides for each instruction set.
#pragma once
#include <cstddef>

#include "kernels/rows.h"

namespace separatrix {

struct Head {
  std::ptrdiff_t length, head_dim;
  Rows<const float> q, k, v;  // (length, head_dim)
};

struct HeadGradient {
  Rows<const float> out, dout;  // (length, head_dim)
  const float* lse;             // (length)
  Rows<float> dq, dk, dv;       // (length, head_dim)
};

struct HeadKernels {
  std::ptrdiff_t (*workspace)(std::ptrdiff_t length, std::ptrdiff_t head_dim);  // floats, enough for both passes
  void (*forward)(const Head& head, Rows<float> out, float* lse, float* workspace);
  void (*backward)(const Head& head, const HeadGradient& gradient, float* workspace);
};

namespace sse2 {
extern const HeadKernels head_kernels;
}
namespace avx2 {
extern const HeadKernels head_kernels;
}
namespace avx512 {
extern const HeadKernels head_kernels;
}
namespace avx512_bf16 {  // operands of products rounded (head_bf16.cpp)
extern const HeadKernels head_kernels;
}

}  // namespace separatrix
