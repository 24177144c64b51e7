// One head of one sequence: what attention.inc provides for each instruction set.
#pragma once
#include <cstddef>

#include "kernels/rows.h"

namespace separatrix {

struct Head {
  std::ptrdiff_t length, head_dim, queries;
  const std::ptrdiff_t* tokens;  // (queries), ascending, counted from `begin` before the sequence; null: query i is token i
  std::ptrdiff_t begin;
  Rows<const float> q, k, v;  // q (queries, head_dim); k, v (length, head_dim)

  std::ptrdiff_t position(std::ptrdiff_t query) const { return tokens ? tokens[query] - begin : query; }
};

struct HeadGradient {
  Rows<const float> out, dout;  // (queries, head_dim)
  const float* lse;             // (queries)
  Rows<float> dq, dk, dv;       // as q, k, v
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

}  // namespace separatrix
