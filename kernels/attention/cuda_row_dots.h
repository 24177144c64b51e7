// What the versions of attention share: the sizes that are compiled, and D_t = dout_t . out_t of the backward pass.
#pragma once
#include <type_traits>

#include "kernels/attention/cuda.h"
#include "kernels/cuda/bf16.h"
#include "kernels/cuda/column_sums.h"

namespace separatrix::SIMT {
namespace attention_kernels {

/// f(integral_constant<int, head_dim rounded up>)
template <class F>
void for_dims(const AttentionShape& s, F f) {
  check_attention(s);
  if (s.head_dim <= 16) return f(std::integral_constant<int, 16>{});
  if (s.head_dim <= 32) return f(std::integral_constant<int, 32>{});
  if (s.head_dim <= 64) return f(std::integral_constant<int, 64>{});
  return f(std::integral_constant<int, 128>{});
}

/// row_dots (batch, heads, length), one warp each.
template <class T>
__global__ void row_dots_of(AttentionShape s, Rows<const T> out, Rows<const T> dout, float* row_dots) {
  const std::ptrdiff_t part = element() / warp_size, row = part / s.heads, head = part % s.heads;
  if (row >= s.batch * s.length) return;
  const T *o = out.row(row) + head * s.head_dim, *d = dout.row(row) + head * s.head_dim;
  float sum = 0;
  for (std::ptrdiff_t j = threadIdx.x % warp_size; j < s.head_dim; j += warp_size) sum = fmaf(to_float(o[j]), to_float(d[j]), sum);
  sum = warp_sum(sum);
  if (threadIdx.x % warp_size == 0) row_dots[(row / s.length * s.heads + head) * s.length + row % s.length] = sum;
}

template <class T>
void attention_row_dots(Stream stream, const AttentionShape& s, Rows<const T> out, Rows<const T> dout, float* row_dots) {
  launch_warps(stream, "attention_row_dots", row_dots_of<T>, s.batch * s.length * s.heads, s, out, dout, row_dots);
}

}  // namespace attention_kernels
}  // namespace separatrix::SIMT
