// Pieces of causal attention with bf16 operands whose scores stay in registers (Dao et al. 2022, FlashAttention): tiles of bf16 in
// shared memory, products of one warp, 16 rows each, and what becomes of the scores.  Lanes: g = lane / 4, t = lane % 4 (mma.h).
#pragma once
#include "kernels/attention/cuda_row_dots.h"
#include "kernels/cuda/copies.h"
#include "kernels/cuda/mma.h"

namespace separatrix::SIMT {
namespace flash {

constexpr int warps = 4, threads = warps * warp_size, rows = 16 * warps;  // 16 rows a warp

/// Rows of one head of one sequence.
struct Head {
  Rows<const bf16> x;
  std::ptrdiff_t length, dim;
  __device__ Head(const AttentionShape& s, Rows<const bf16> all)
      : x{all.row(blockIdx.z * s.length) + blockIdx.y * s.head_dim, all.stride}, length(s.length), dim(s.head_dim) {}
};

/// (count, dims) of bf16 in shared memory, `parts` times; every row 16 bytes longer, so that the eight rows of a matrix lie in
/// different banks.
template <int count, int dims>
struct Tile {
  static constexpr int stride = dims + 8, floats = count * stride / 2;
  bf16* data;
  __device__ explicit Tile(bf16* p) : data(p) {}
  __device__ explicit Tile(SharedPieces& pieces, int parts = 1) : Tile(reinterpret_cast<bf16*>(pieces.take(parts * floats))) {}
  __device__ Tile part(std::ptrdiff_t turn) const { return Tile(data + turn % 2 * count * stride); }

  /// Begins to copy rows first ... of a head; zeros beyond the sequence and beyond its dimension.
  __device__ void stage(const Head& head, std::ptrdiff_t first) const {
    const bool aligned = head.dim % 8 == 0 && head.x.stride % 8 == 0 && reinterpret_cast<std::uintptr_t>(head.x.data) % 16 == 0;
    const int step = aligned ? 8 : 1;
#pragma unroll 1
    for (int e = threadIdx.x; e < count * dims / step; e += threads) {
      const int i = e / (dims / step), j = e % (dims / step) * step;
      const bool there = first + i < head.length && j < head.dim;
      const bf16* from = head.x.row(first + i) + j;
      if (there && aligned)
        copy_16_bytes(data + i * stride + j, from);
      else
        for (int c = 0; c < step; ++c) data[i * stride + j + c] = there ? from[c] : bf16{0};
    }
  }
};

/// 16 rows of a tile from `row` on as the left operand.
template <class TileType>
struct LeftRows {
  const TileType& tile;
  int row;
  __device__ void load(int step, std::uint32_t (&a)[4]) const {
    const int lane = threadIdx.x % warp_size;
    load_matrices<false>(a, tile.data + (row + lane % 16) * TileType::stride + 16 * step + lane / 16 * 8);
  }
};

/// What a product left in registers, (16, 8 * n), rounded to bf16 as the left operand of the next.
template <int n>
struct LeftSums {
  const float (&x)[n][4];
  __device__ void load(int step, std::uint32_t (&a)[4]) const {
    const float *low = x[2 * step], *high = x[2 * step + 1];
    a[0] = to_bf16_pair(low[0], low[1]), a[1] = to_bf16_pair(low[2], low[3]);
    a[2] = to_bf16_pair(high[0], high[1]), a[3] = to_bf16_pair(high[2], high[3]);
  }
};

template <int n>
__device__ void clear(float (&d)[n][4]) {
#pragma unroll
  for (int i = 0; i < n; ++i) d[i][0] = d[i][1] = d[i][2] = d[i][3] = 0;
}

/// d (16, 8 * n) += A B; B's columns are the first rows of the tile (by_rows) or B is its first rows: Q K^T, or P V.
template <bool by_rows, int steps, int n, class Left, class TileType>
__device__ void multiply(float (&d)[n][4], const Left& left, const TileType& right) {
  const int lane = threadIdx.x % warp_size;
#pragma unroll
  for (int step = 0; step < steps; ++step) {
    std::uint32_t a[4], b[4];
    left.load(step, a);
#pragma unroll
    for (int j = 0; j < n; j += 2) {
      if constexpr (by_rows)
        load_matrices<false>(b, right.data + (8 * j + lane % 8 + lane / 16 * 8) * TileType::stride + 16 * step + lane / 8 % 2 * 8);
      else
        load_matrices<true>(b, right.data + (16 * step + lane % 16) * TileType::stride + 8 * j + lane / 16 * 8);
      mma_bf16(d[j], a, {b[0], b[1]});
      mma_bf16(d[j + 1], a, {b[2], b[3]});
    }
  }
}

/// f(row, column, x) for the lane's elements of d (16, 8 * n).
template <int n, class F>
__device__ void for_elements(float (&d)[n][4], F f) {
  const int g = threadIdx.x % warp_size / 4, t = threadIdx.x % 4;
#pragma unroll
  for (int j = 0; j < n; ++j)
#pragma unroll
    for (int e = 0; e < 4; ++e) f(g + e / 2 * 8, 8 * j + 2 * t + e % 2, d[j][e]);
}

/// Rows first ... of a head's result = the warp's 16 rows; rows beyond the sequence and columns beyond its dimension are left
/// alone.
template <int n>
__device__ void write(const AttentionShape& s, float (&d)[n][4], std::ptrdiff_t first, Rows<bf16> to) {
  for_elements(d, [&](int i, int j, float& x) {
    if (first + i < s.length && j < s.head_dim)
      to.row(blockIdx.z * s.length + first + i)[blockIdx.y * s.head_dim + j] = from_float<bf16>(x);
  });
}

/// Over the four lanes that share a row.
__device__ inline float row_sum(float x) {
  x += __shfl_xor_sync(0xffffffffu, x, 1);
  return x + __shfl_xor_sync(0xffffffffu, x, 2);
}
__device__ inline float row_max(float x) {
  x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 1));
  return fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 2));
}

constexpr float log2_e = 1.4426950408889634f, ln_2 = 0.6931471805599453f;

/// Scores are kept as base-2 exponents.
__device__ inline float score_scale(const AttentionShape& s) {
  return log2_e / sqrtf(static_cast<float>(s.head_dim));
}
__device__ inline std::ptrdiff_t row_number(const AttentionShape& s, std::ptrdiff_t t) {
  return (blockIdx.z * s.heads + blockIdx.y) * s.length + t;
}

/// ds: dO V^T -> scale P o (dO V^T - D); dot(i, j): the D of that element's query.
template <int n, class Dot>
__device__ void score_gradient(const AttentionShape& s, const float (&p)[n][4], float (&ds)[n][4], Dot dot) {
  const float scale = 1.0f / sqrtf(static_cast<float>(s.head_dim));
  const int g = threadIdx.x % warp_size / 4, t = threadIdx.x % 4;
#pragma unroll
  for (int j = 0; j < n; ++j)
#pragma unroll
    for (int e = 0; e < 4; ++e) ds[j][e] = scale * p[j][e] * (ds[j][e] - dot(g + e / 2 * 8, 8 * j + 2 * t + e % 2));
}

inline Dim3 grid_of(const AttentionShape& s) {
  return {static_cast<unsigned>(blocks_for(s.length, rows)), static_cast<unsigned>(s.heads), static_cast<unsigned>(s.batch)};
}

}  // namespace flash
}  // namespace separatrix::SIMT
