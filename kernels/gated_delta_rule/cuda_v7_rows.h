// Matrices of v7 whose rows are values: 16 rows a warp, columns tokens or key dimensions, in the layout of a sum (mma.h).  Memory
// has them the other way round, 16 values to a row; a warp turns them in a tile of its own.
#pragma once
#include "kernels/gated_delta_rule/cuda_v4.h"

namespace separatrix::SIMT {
namespace v7 {

constexpr int own_values = 16;  // of a warp

/// A sum (16, 8 n) rounded to pairs of neighbours in a row: rows g and g + 8.
template <int n>
using Pairs = std::uint32_t[n][2];

template <class E, int n>
__device__ void to_pairs(const float (&d)[n][4], Pairs<n>& pairs) {
#pragma unroll
  for (int j = 0; j < n; ++j) pairs[j][0] = to_pair<E>(d[j][0], d[j][1]), pairs[j][1] = to_pair<E>(d[j][2], d[j][3]);
}

/// Pairs as the left operand.
template <int n>
struct LeftPairs {
  const Pairs<n>& pairs;
  __device__ void load(int step, std::uint32_t (&a)[4]) const {
    a[0] = pairs[2 * step][0], a[1] = pairs[2 * step][1];
    a[2] = pairs[2 * step + 1][0], a[3] = pairs[2 * step + 1][1];
  }
};

/// d (16, chunk) += A B where B's columns are the rows of `right`, which end at the diagonal.
template <class Left, class TileType>
__device__ void multiply_lower(float (&d)[chunk / 8][4], const Left& left, const TileType& right) {
#pragma unroll
  for (int step = 0; step < chunk / 16; ++step) {
    std::uint32_t a[4], b[4];
    left.load(step, a);
#pragma unroll
    for (int j = 2 * step; j < chunk / 8; j += 2) {
      load_right<true>(b, right, step, j);
      mma<typename TileType::Element>(d[j], a, {b[0], b[1]});
      mma<typename TileType::Element>(d[j + 1], a, {b[2], b[3]});
    }
  }
}

/// 16 values of a chunk's tokens: a lane has 8 values of tokens lane / 2, lane / 2 + 16, ...
struct OwnRows {
  std::uint32_t raw[chunk / 16][4];
  __device__ static int token(int i) { return 16 * i + forgotten(threadIdx.x) % warp_size / 2; }
  __device__ static int half() { return forgotten(threadIdx.x) % 2; }
};

/// 64 rows of 16 values of 16 bits, a warp's own.  The halves of a row lie so that eight rows' are in different banks.
struct TurnedTile {
  static constexpr int floats = chunk * own_values / 2;
  bf16* data;
  __device__ explicit TurnedTile(float* p) : data(reinterpret_cast<bf16*>(p)) {}
  __device__ bf16* place(int row, int half) const { return data + row * own_values + 8 * (half ^ (row >> 2 & 1)); }
  /// What the lane says of row blocks j and j + 1 to move four matrices.
  __device__ bf16* matrix_row(int j) const {
    const int lane = forgotten(threadIdx.x) % warp_size;
    return place(8 * j + lane / 16 * 8 + lane % 8, lane / 8 % 2);
  }

  template <class Row>
  __device__ static bool whole(const Row& x, int column, int dim) {
    return dim >= own_values && (column | x.stride) % 8 == 0 && reinterpret_cast<std::uintptr_t>(x.data) % 16 == 0;
  }
  /// Rows from global memory, zero beyond the sequence and from column `dim` on.  Those that are not aligned go through the tile,
  /// which is free, so that they take no registers.
  __device__ void fetch(Rows<const bf16> x, const ChunkPlace& at, int column, int dim, OwnRows& rows) const {
    column += 8 * OwnRows::half(), dim -= 8 * OwnRows::half();
    const bool aligned = whole(x, column, dim + 8 * OwnRows::half());
#pragma unroll
    for (int i = 0; i < chunk / 16; ++i) {
      for (std::uint32_t& pair : rows.raw[i]) pair = 0;
      const int token = OwnRows::token(i);
      if (aligned && token < at.count) load_8(x.row(at.first + token) + column, rows.raw[i]);
    }
    if (aligned) return;
#pragma unroll 1
    for (int i = 0; i < chunk / 16; ++i) {
      const int token = OwnRows::token(i);
#pragma unroll 1
      for (int j = 0; j < 8; ++j)
        place(token, OwnRows::half())[j] = token < at.count && j < dim ? x.row(at.first + token)[column + j] : bf16{0};
    }
#pragma unroll
    for (int i = 0; i < chunk / 16; ++i) load_8(place(OwnRows::token(i), OwnRows::half()), rows.raw[i]);
  }
  __device__ void store(const OwnRows& rows, Rows<bf16> x, const ChunkPlace& at, int column, int dim) const {
    column += 8 * OwnRows::half(), dim -= 8 * OwnRows::half();
    const bool aligned = whole(x, column, dim + 8 * OwnRows::half());
#pragma unroll
    for (int i = 0; i < chunk / 16; ++i) {
      const int token = OwnRows::token(i);
      if (!aligned)
        store_8(place(token, OwnRows::half()), rows.raw[i]);
      else if (token < at.count)
        store_8(x.row(at.first + token) + column, rows.raw[i]);
    }
    if (aligned) return;
#pragma unroll 1
    for (int i = 0; i < chunk / 16; ++i) {
      const int token = OwnRows::token(i);
#pragma unroll 1
      for (int j = 0; j < 8 && token < at.count; ++j)
        if (j < dim) x.row(at.first + token)[column + j] = place(token, OwnRows::half())[j];
    }
    __syncwarp();
  }

  /// Rows of values, to be read by load().  The tile is free again after the next __syncwarp() behind that.
  __device__ void put(const OwnRows& rows) const {
#pragma unroll
    for (int i = 0; i < chunk / 16; ++i) store_8(place(OwnRows::token(i), OwnRows::half()), rows.raw[i]);
    __syncwarp();
  }
  /// Tokens 8 j to 8 j + 15 of the rows that were put, as columns: pairs of rows g and g + 8, then of the next eight tokens.
  __device__ void load(int j, std::uint32_t (&pairs)[4]) const {
    load_matrices<true>(pairs, matrix_row(j));
  }
  /// Columns 8 first on of `values`, at most 64 of them, as rows.
  template <int n>
  __device__ void turn(const Pairs<n>& values, OwnRows& rows, int first = 0) const {
#pragma unroll
    for (int j = 0; j < chunk / 8; j += 2)
      if (first + j < n)
        store_transposed({values[first + j][0], values[first + j][1], values[first + j + 1][0], values[first + j + 1][1]},
                         matrix_row(j));
    __syncwarp();
#pragma unroll
    for (int i = 0; i < chunk / 16; ++i)
      if (first + 2 * i < n) load_8(place(OwnRows::token(i), OwnRows::half()), rows.raw[i]);
    __syncwarp();
  }
  /// All columns as rows `stride` halves apart.
  template <int n>
  __device__ void keep(const Pairs<n>& values, fp16* to, std::size_t stride) const {
#pragma unroll
    for (int first = 0; first < n; first += chunk / 8) {
      OwnRows rows;
      turn(values, rows, first);
#pragma unroll
      for (int i = 0; i < chunk / 16; ++i)
        if (first + 2 * i < n) store_8(to + (8 * first + OwnRows::token(i)) * stride + 8 * OwnRows::half(), rows.raw[i]);
    }
  }
};

}  // namespace v7
}  // namespace separatrix::SIMT
