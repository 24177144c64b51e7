#include "kernels/attention/attention.h"

#include <algorithm>

#include "kernels/attention/head.h"
#include "kernels/isa.h"
#include "kernels/workspace.h"

namespace separatrix {
namespace {

const HeadKernels& kernels() {
  return for_isa(sse2::head_kernels, avx2::head_kernels, avx512::head_kernels);
}

/// The queries of one sequence among the wanted tokens: rows [first, first + count).
struct Queries {
  std::ptrdiff_t first, count;
  const std::ptrdiff_t* tokens;  // null: all
};

Queries queries_of(const AttentionShape& s, std::ptrdiff_t b, Wanted wanted) {
  const std::ptrdiff_t begin = b * s.length;
  if (!wanted) return {begin, s.length, nullptr};
  const auto first = std::lower_bound(wanted->begin(), wanted->end(), begin),
             end = std::lower_bound(first, wanted->end(), begin + s.length);
  return {first - wanted->begin(), end - first, wanted->data() + (first - wanted->begin())};
}

/// The part of x that belongs to head h, from a row on.
template <class T>
Rows<T> of_head(const AttentionShape& s, Rows<T> x, std::ptrdiff_t row, std::ptrdiff_t h) {
  return {x.row(row) + h * s.head_dim, x.stride};
}

Head head_of(const AttentionShape& s, const Queries& of, std::ptrdiff_t b, std::ptrdiff_t h, Rows<const float> q,
             Rows<const float> k, Rows<const float> v) {
  const std::ptrdiff_t begin = b * s.length;
  return {s.length,
          s.head_dim,
          of.count,
          of.tokens,
          begin,
          of_head(s, q, of.first, h),
          of_head(s, k, begin, h),
          of_head(s, v, begin, h)};
}

/// run(b, h, workspace) for every head of every sequence, each by one thread alone: the result does not depend on their number.
template <class Run>
void for_each_head(const AttentionShape& s, const Run& run) {
  const std::ptrdiff_t size = kernels().workspace(s.length, s.head_dim);
#pragma omp parallel
  {
    float* workspace = thread_workspace(size);
#pragma omp for schedule(static)
    for (std::ptrdiff_t i = 0; i < s.batch * s.heads; ++i) run(i / s.heads, i % s.heads, workspace);
  }
}

}  // namespace

void attention_forward(const AttentionShape& s, Rows<const float> q, Rows<const float> k, Rows<const float> v, Rows<float> out,
                       float* lse, Wanted wanted) {
  for_each_head(s, [&](std::ptrdiff_t b, std::ptrdiff_t h, float* workspace) {
    const Queries of = queries_of(s, b, wanted);
    kernels().forward(head_of(s, of, b, h, q, k, v), of_head(s, out, of.first, h), lse + s.heads * of.first + h * of.count,
                      workspace);
  });
}

void attention_backward(const AttentionShape& s, const AttentionSaved& saved, Rows<const float> dout, Rows<float> dq,
                        Rows<float> dk, Rows<float> dv, Wanted wanted) {
  for_each_head(s, [&](std::ptrdiff_t b, std::ptrdiff_t h, float* workspace) {
    const Queries of = queries_of(s, b, wanted);
    const std::ptrdiff_t begin = b * s.length;
    const HeadGradient gradient{
        of_head(s, saved.out, of.first, h), of_head(s, dout, of.first, h), saved.lse + s.heads * of.first + h * of.count,
        of_head(s, dq, of.first, h),        of_head(s, dk, begin, h),      of_head(s, dv, begin, h)};
    kernels().backward(head_of(s, of, b, h, saved.q, saved.k, saved.v), gradient, workspace);
  });
}

}  // namespace separatrix
