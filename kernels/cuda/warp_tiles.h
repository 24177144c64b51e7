// Products of one warp on the tensor cores, 16 rows each, whose sums stay in registers; operands bf16 or fp16 in shared memory.
// d[n][4] is a (16, 8 n) matrix as mma.h lays it over the lanes: g = lane / 4, t = lane % 4.
#pragma once
#include "kernels/cuda/mma.h"
#include "kernels/cuda/wide.h"

namespace separatrix::SIMT {

/// (count, dims) of E in shared memory, `parts` times; every row 16 bytes longer, so that the eight rows of a matrix lie in
/// different banks.
template <class E, int count, int dims>
struct WarpTile {
  using Element = E;
  static constexpr int rows = count, columns = dims, stride = dims + 8, floats = count * stride / 2;
  E* data;
  __device__ explicit WarpTile(E* p) : data(p) {}
  __device__ explicit WarpTile(SharedPieces& pieces, int parts = 1) : WarpTile(reinterpret_cast<E*>(pieces.take(parts * floats))) {}
  __device__ WarpTile part(std::ptrdiff_t turn) const { return number(turn % 2); }
  __device__ WarpTile number(std::ptrdiff_t part) const { return WarpTile(data + part * count * stride); }
  /// What begins at (row, column), with the same stride.
  __device__ WarpTile from(int row, int column) const { return WarpTile(data + row * stride + column); }
  __device__ E& at(int i, int j) const { return data[i * stride + j]; }
  /// Elements (i, j) and (i, j + 1), j even.
  __device__ void put_pair(int i, int j, std::uint32_t pair) const { store_pair(&at(i, j), pair); }
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

/// 16 columns of a tile from `column` on as the rows of the left operand.
template <class TileType>
struct LeftColumns {
  const TileType& tile;
  int column;
  __device__ void load(int step, std::uint32_t (&a)[4]) const {
    const int lane = threadIdx.x % warp_size;
    load_matrices<true>(a, tile.data + (16 * step + lane % 8 + lane / 16 * 8) * TileType::stride + column + lane / 8 % 2 * 8);
  }
};

/// What lies in registers, (16, 8 n), rounded to E as the left operand.
template <class E, int n>
struct LeftSums {
  const float (&x)[n][4];
  __device__ void load(int step, std::uint32_t (&a)[4]) const {
    const float *low = x[2 * step], *high = x[2 * step + 1];
    a[0] = to_pair<E>(low[0], low[1]), a[1] = to_pair<E>(low[2], low[3]);
    a[2] = to_pair<E>(high[0], high[1]), a[3] = to_pair<E>(high[2], high[3]);
  }
};

template <int n>
__device__ void clear(float (&d)[n][4]) {
#pragma unroll
  for (int i = 0; i < n; ++i) d[i][0] = d[i][1] = d[i][2] = d[i][3] = 0;
}

/// Step `step` of B's columns 8 j to 8 j + 15 as two right operands, {b[0], b[1]} and {b[2], b[3]}: B's columns are the first rows
/// of the tile (by_rows), or B is its first rows.
template <bool by_rows, class TileType>
__device__ void load_right(std::uint32_t (&b)[4], const TileType& right, int step, int j) {
  const int lane = threadIdx.x % warp_size;
  if constexpr (by_rows)
    load_matrices<false>(b, right.data + (8 * j + lane % 8 + lane / 16 * 8) * TileType::stride + 16 * step + lane / 8 % 2 * 8);
  else
    load_matrices<true>(b, right.data + (16 * step + lane % 16) * TileType::stride + 8 * j + lane / 16 * 8);
}

/// d (16, 8 n) += A B; B's columns are the first rows of the tile (by_rows) or B is its first rows: Q K^T, or P V.  Of the inner
/// dimension, 16 to a step, only the steps from `begin` to `end` - 1 are added: the others are known to be zero.
template <bool by_rows, int steps, int n, class Left, class TileType>
__device__ void multiply(float (&d)[n][4], const Left& left, const TileType& right, int begin = 0, int end = steps) {
#pragma unroll
  for (int step = 0; step < steps; ++step) {
    if (step < begin || step >= end) continue;
    std::uint32_t a[4], b[4];
    left.load(step, a);
#pragma unroll
    for (int j = 0; j < n; j += 2) {
      load_right<by_rows>(b, right, step, j);
      mma<typename TileType::Element>(d[j], a, {b[0], b[1]});
      mma<typename TileType::Element>(d[j + 1], a, {b[2], b[3]});
    }
  }
}
/// Two such products with one right operand, which is read once.
template <bool by_rows, int steps, int n, class Left, class TileType>
__device__ void multiply_two(float (&d)[n][4], const Left& left, float (&d_other)[n][4], const Left& other, const TileType& right) {
#pragma unroll
  for (int step = 0; step < steps; ++step) {
    std::uint32_t a[4], a_other[4], b[4];
    left.load(step, a), other.load(step, a_other);
#pragma unroll
    for (int j = 0; j < n; j += 2) {
      load_right<by_rows>(b, right, step, j);
      mma<typename TileType::Element>(d[j], a, {b[0], b[1]});
      mma<typename TileType::Element>(d[j + 1], a, {b[2], b[3]});
      mma<typename TileType::Element>(d_other[j], a_other, {b[0], b[1]});
      mma<typename TileType::Element>(d_other[j + 1], a_other, {b[2], b[3]});
    }
  }
}

/// f(row, column, x) for the lane's elements of d (16, 8 n).
template <int n, class F>
__device__ void for_elements(float (&d)[n][4], F f) {
  const int g = threadIdx.x % warp_size / 4, t = threadIdx.x % 4;
#pragma unroll
  for (int j = 0; j < n; ++j)
#pragma unroll
    for (int e = 0; e < 4; ++e) f(g + e / 2 * 8, 8 * j + 2 * t + e % 2, d[j][e]);
}

/// f(row, column, x, y) for the lane's elements of two such matrices.
template <int n, class F>
__device__ void for_both(float (&a)[n][4], const float (&b)[n][4], F f) {
  const int g = threadIdx.x % warp_size / 4, t = threadIdx.x % 4;
#pragma unroll
  for (int j = 0; j < n; ++j)
#pragma unroll
    for (int e = 0; e < 4; ++e) f(g + e / 2 * 8, 8 * j + 2 * t + e % 2, a[j][e], b[j][e]);
}

/// The same where f may change both.
template <int n, class F>
__device__ void for_two(float (&a)[n][4], float (&b)[n][4], F f) {
  const int g = threadIdx.x % warp_size / 4, t = threadIdx.x % 4;
#pragma unroll
  for (int j = 0; j < n; ++j)
#pragma unroll
    for (int e = 0; e < 4; ++e) f(g + e / 2 * 8, 8 * j + 2 * t + e % 2, a[j][e], b[j][e]);
}

/// f(row, column, x, y) for the lane's pairs of neighbours (row, column) and (row, column + 1).
template <int n, class F>
__device__ void for_pairs(float (&d)[n][4], F f) {
  const int g = threadIdx.x % warp_size / 4, t = threadIdx.x % 4;
#pragma unroll
  for (int j = 0; j < n; ++j)
#pragma unroll
    for (int h = 0; h < 2; ++h) f(g + 8 * h, 8 * j + 2 * t, d[j][2 * h], d[j][2 * h + 1]);
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

}  // namespace separatrix::SIMT
