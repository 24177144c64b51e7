// Small dense products of one block, C(i, j) = sum_l A(i, l) B(l, j), for kernels whose operands lie in shared memory.
// Operands are functions of their indices, so that masks, scales and transposes are written where the formula has them;
// store(i, j, sum) is called once per element, and may overwrite what only that element reads.  The caller puts the barriers.
#pragma once
#include "kernels/cuda/mma.h"

namespace separatrix::SIMT {

/// fp32 multiply-adds on the ordinary units: each thread holds tiles of 4 x 4, columns far apart so that neighbours in a warp read
/// neighbours in memory.
struct FmaProduct {
  template <int rows, int cols, class A, class B, class Store>
  __device__ static void run(int inner, A a, B b, Store store) {
    constexpr int tile = 4, across = cols / tile;
    static_assert(rows % tile == 0 && cols % tile == 0);
    for (int at = threadIdx.x; at < rows / tile * across; at += blockDim.x) {
      const int i0 = at / across * tile, j0 = at % across;
      float sum[tile][tile] = {};
#pragma unroll 2
      for (int l = 0; l < inner; ++l) {
        float x[tile], y[tile];
#pragma unroll
        for (int i = 0; i < tile; ++i) x[i] = a(i0 + i, l);
#pragma unroll
        for (int j = 0; j < tile; ++j) y[j] = b(l, j0 + j * across);
#pragma unroll
        for (int i = 0; i < tile; ++i)
#pragma unroll
          for (int j = 0; j < tile; ++j) sum[i][j] = fmaf(x[i], y[j], sum[i][j]);
      }
#pragma unroll
      for (int i = 0; i < tile; ++i)
#pragma unroll
        for (int j = 0; j < tile; ++j) store(i0 + i, j0 + j * across, sum[i][j]);
    }
  }
};

/// Tensor cores with nearly fp32 accuracy: each operand is a sum of two tf32 numbers (21 bits), and the product of the two small
/// parts is left out: three products instead of one, added to the sum outside of the tensor cores, which cut off where fp32 rounds
/// (Ootomo and Yokota 2022).  `inner` is a multiple of 8.
struct Tf32x3Product {
  struct Split {
    std::uint32_t high, low;
  };
  __device__ static Split split(float x) {
    const std::uint32_t high = to_tf32(x) & 0xFFFFE000;  // the manual does not promise that the other bits are zero
    return {high, to_tf32(x - float_of(high))};
  }

  template <int rows, int cols, class A, class B, class Store>
  __device__ static void run(int inner, A a, B b, Store store) {
    constexpr int wide = cols % 32 == 0 ? 4 : cols % 16 == 0 ? 2 : 1, across = cols / (8 * wide);
    static_assert(rows % 16 == 0 && cols % 8 == 0);
    const int lane = threadIdx.x % warp_size, g = lane / 4, t = lane % 4;
    for (int at = threadIdx.x / warp_size; at < rows / 16 * across; at += blockDim.x / warp_size) {
      const int i0 = at / across * 16, j0 = at % across * 8 * wide;
      float sum[wide][4] = {};
#pragma unroll 1
      for (int l = 0; l < inner; l += 8) {
        const Split x[4] = {split(a(i0 + g, l + t)), split(a(i0 + g + 8, l + t)), split(a(i0 + g, l + t + 4)),
                            split(a(i0 + g + 8, l + t + 4))};
        const std::uint32_t a_high[4] = {x[0].high, x[1].high, x[2].high, x[3].high};
        const std::uint32_t a_low[4] = {x[0].low, x[1].low, x[2].low, x[3].low};
#pragma unroll
        for (int n = 0; n < wide; ++n) {
          const Split y[2] = {split(b(l + t, j0 + 8 * n + g)), split(b(l + t + 4, j0 + 8 * n + g))};
          const std::uint32_t b_high[2] = {y[0].high, y[1].high}, b_low[2] = {y[0].low, y[1].low};
          float part[4] = {};
          mma_tf32(part, a_low, b_high);
          mma_tf32(part, a_high, b_low);
          mma_tf32(part, a_high, b_high);
#pragma unroll
          for (int e = 0; e < 4; ++e) sum[n][e] += part[e];
        }
      }
#pragma unroll
      for (int n = 0; n < wide; ++n)
#pragma unroll
        for (int e = 0; e < 4; ++e) store(i0 + g + e / 2 * 8, j0 + 8 * n + 2 * t + e % 2, sum[n][e]);
    }
  }
};

/// As Tf32x3Product with bf16 operands: two bf16 numbers hold 16 bits, a product costs half of tf32's.  `inner` is a multiple
/// of 16.
struct Bf16x3Product {
  struct Split {
    std::uint32_t high, low;  // pairs
  };
  __device__ static Split split(float x, float y) {
    const std::uint32_t high = to_bf16_pair(x, y);
    return {high, to_bf16_pair(x - float_of(high << 16), y - float_of(high & 0xFFFF0000))};
  }

  template <int rows, int cols, class A, class B, class Store>
  __device__ static void run(int inner, A a, B b, Store store) {
    constexpr int wide = cols % 32 == 0 && cols <= 64 ? 4 : cols % 16 == 0 ? 2 : 1, across = cols / (8 * wide);
    static_assert(rows % 16 == 0 && cols % 8 == 0);
    const int lane = threadIdx.x % warp_size, g = lane / 4, t = lane % 4;
    for (int at = threadIdx.x / warp_size; at < rows / 16 * across; at += blockDim.x / warp_size) {
      const int i0 = at / across * 16, j0 = at % across * 8 * wide;
      float sum[wide][4] = {};
#pragma unroll 1
      for (int l = 0; l < inner; l += 16) {
        std::uint32_t a_high[4], a_low[4];
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          const int i = i0 + g + e % 2 * 8, m = l + 2 * t + e / 2 * 8;
          const Split x = split(a(i, m), a(i, m + 1));
          a_high[e] = x.high, a_low[e] = x.low;
        }
#pragma unroll
        for (int n = 0; n < wide; ++n) {
          std::uint32_t b_high[2], b_low[2];
#pragma unroll
          for (int e = 0; e < 2; ++e) {
            const int m = l + 2 * t + e * 8, j = j0 + 8 * n + g;
            const Split y = split(b(m, j), b(m + 1, j));
            b_high[e] = y.high, b_low[e] = y.low;
          }
          mma_bf16(sum[n], a_low, b_high);
          mma_bf16(sum[n], a_high, b_low);
          mma_bf16(sum[n], a_high, b_high);
        }
      }
#pragma unroll
      for (int n = 0; n < wide; ++n)
#pragma unroll
        for (int e = 0; e < 4; ++e) store(i0 + g + e / 2 * 8, j0 + 8 * n + 2 * t + e % 2, sum[n][e]);
    }
  }
};

}  // namespace separatrix::SIMT
