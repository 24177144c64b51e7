#include "kernels/attention/attention.h"

#include "kernels/attention/head.h"
#include "kernels/isa.h"
#include "kernels/matmul/matmul.h"
#include "kernels/workspace.h"

namespace separatrix {
namespace {

const HeadKernels& kernels(Precision precision) {
  require_precision(precision);
  if (precision == Precision::bf16) return avx512_bf16::head_kernels;
  return for_isa(sse2::head_kernels, avx2::head_kernels, avx512::head_kernels);
}

/// The part of x that belongs to head h of sequence b.
template <class T>
Rows<T> of_head(const AttentionShape& s, Rows<T> x, std::ptrdiff_t b, std::ptrdiff_t h) {
  return {x.row(b * s.length) + h * s.head_dim, x.stride};
}

/// run(b, h, kernels, workspace) for every head of every sequence, each by one thread alone: the result does not depend on their
/// number.
template <class Run>
void for_each_head(const AttentionShape& s, Precision precision, const Run& run) {
  const HeadKernels& chosen = kernels(precision);
  const std::ptrdiff_t size = chosen.workspace(s.length, s.head_dim);
#pragma omp parallel
  {
    float* workspace = thread_workspace(size);
#pragma omp for schedule(static)
    for (std::ptrdiff_t i = 0; i < s.batch * s.heads; ++i) run(i / s.heads, i % s.heads, chosen, workspace);
  }
}

}  // namespace

void attention_forward(const AttentionShape& s, Rows<const float> q, Rows<const float> k, Rows<const float> v, Rows<float> out,
                       float* lse, Precision precision) {
  for_each_head(s, precision, [&](std::ptrdiff_t b, std::ptrdiff_t h, const HeadKernels& kernels, float* workspace) {
    const Head head{s.length, s.head_dim, of_head(s, q, b, h), of_head(s, k, b, h), of_head(s, v, b, h)};
    kernels.forward(head, of_head(s, out, b, h), lse + (b * s.heads + h) * s.length, workspace);
  });
}

void attention_backward(const AttentionShape& s, const AttentionSaved& saved, Rows<const float> dout, Rows<float> dq,
                        Rows<float> dk, Rows<float> dv, Precision precision) {
  for_each_head(s, precision, [&](std::ptrdiff_t b, std::ptrdiff_t h, const HeadKernels& kernels, float* workspace) {
    const Head head{s.length, s.head_dim, of_head(s, saved.q, b, h), of_head(s, saved.k, b, h), of_head(s, saved.v, b, h)};
    const HeadGradient gradient{of_head(s, saved.out, b, h), of_head(s, dout, b, h), saved.lse + (b * s.heads + h) * s.length,
                                of_head(s, dq, b, h),        of_head(s, dk, b, h),   of_head(s, dv, b, h)};
    kernels.backward(head, gradient, workspace);
  });
}

}  // namespace separatrix
