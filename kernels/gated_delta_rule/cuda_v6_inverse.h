// A = (I + L)^{-1} of a chunk, for v6: the blocks and merges of invert_lower (cuda_forward.h) by one group of four warps that has
// its multiprocessor to itself, so that what counts is how many steps wait for the one before.  L and A are sums of two fp16 (22
// bits of sizes about 1), a product is three on the tensor cores; the middle of (A_22 L_21) A_11 goes from sums to operands in
// registers.
#pragma once
#include "kernels/gated_delta_rule/cuda_v4_forward.h"

namespace separatrix::SIMT {
namespace v6 {

using Square = WarpTile<fp16, chunk, chunk>;
constexpr int leaf = 16;

/// (chunk, chunk) as high + low.
struct SplitSquare {
  Square high, low;
  __device__ SplitSquare from(int row, int column) const { return {high.from(row, column), low.from(row, column)}; }
  __device__ void put_pair(int i, int j, float a, float b) const {
    const std::uint32_t pair = to_fp16_pair(a, b);
    high.put_pair(i, j, pair);
    low.put_pair(i, j, to_fp16_pair(a - of_pair<fp16>(pair, 0), b - of_pair<fp16>(pair, 1)));
  }
};

/// d = (high + low) right without low times low.  The corrections have sums of their own: two short chains instead of a long one.
template <int steps, int n, class Left>
__device__ void multiply_split(float (&d)[n][4], const Left& high, const Left& low, const SplitSquare& right) {
  float corrections[n][4];
  clear(d), clear(corrections);
  multiply<false, steps>(corrections, low, right.high);
  multiply<false, steps>(d, high, right.high);
  multiply<false, steps>(corrections, high, right.low);
  for_both(d, corrections, [](int, int, float& x, float y) { x += y; });
}

/// The inverse of I + `block` (leaf, leaf), strictly lower triangular and aligned to 16 bytes, to the diagonal of `a` from `first`
/// on; by one warp, a lane has one column, its other half the low parts.
__device__ inline void invert_leaf(const float* block, const SplitSquare& a, int first) {
  const int j = forgotten(threadIdx.x % leaf);
  float x[leaf];
#pragma unroll
  for (int i = 0; i < leaf; ++i) {
    x[i] = i == j ? 1.0f : 0.0f;
#pragma unroll
    for (int m = 0; m < i; m += 4) {
      float row[4];
      load_4(block + i * leaf + m, row);
#pragma unroll
      for (int e = 0; e < 4; ++e)
        if (m + e < i) x[i] = fmaf(-row[e], x[m + e], x[i]);
    }
  }
  const bool low = forgotten(threadIdx.x) % warp_size >= leaf;
  const Square to(low ? a.low.data : a.high.data);
#pragma unroll
  for (int i = 0; i < leaf; ++i) {
    const fp16 high = from_float<fp16>(x[i]);
    to.at(first + i, first + j) = low ? from_float<fp16>(x[i] - to_float(high)) : high;
  }
}

/// Of the block A_21 of rows first + half ... and columns first ..., both `half` long: the 16 rows from `row` and 16 columns from
/// `column` on, by one warp.  What lies above the diagonal of A_22 and A_11 is there, zero.
template <int half>
__device__ void merge(const SplitSquare& a, const SplitSquare& l, int first, int row, int column) {
  float middle[half / 8][4], rest[half / 8][4], sums[2][4];
  const SplitSquare a22 = a.from(first + half, first + half);
  multiply_split<half / 16>(middle, LeftRows<Square>{a22.high, row}, LeftRows<Square>{a22.low, row}, l.from(first + half, first));
#pragma unroll
  for (int n = 0; n < half / 8; ++n)
#pragma unroll
    for (int e = 0; e < 4; ++e) rest[n][e] = middle[n][e] - to_float(from_float<fp16>(middle[n][e]));
  multiply_split<half / 16>(sums, LeftSums<fp16, half / 8>{middle}, LeftSums<fp16, half / 8>{rest}, a.from(first, first + column));
  for_pairs(sums, [&](int i, int j, float& x, float& y) { a.put_pair(first + half + row + i, first + column + j, -x, -y); });
}

}  // namespace v6
}  // namespace separatrix::SIMT
