// Rows of bf16 outside and the 16 rows of a warp: how v4 reads values and gradients and writes them.
#pragma once
#include "kernels/cuda/wide.h"
#include "kernels/gated_delta_rule/cuda_chunk.h"

namespace separatrix::SIMT {
namespace v4 {

/// The warp's 16 rows of a chunk and one slab of rows in global memory, in the layout of a (16, slab) sum.
struct SlabRows {
  std::uint32_t raw[slab / 8][2];  // pairs of bf16 of rows g and g + 8

  /// Zero beyond the sequence and from column `dim` on.
  __device__ void load(Rows<const bf16> x, const ChunkPlace& at, int column, int dim) {
    const int g = threadIdx.x / warp_size * 16 + threadIdx.x % warp_size / 4, t = threadIdx.x % 4;
    const bool whole = dim >= slab && (column | x.stride) % 2 == 0 && reinterpret_cast<std::uintptr_t>(x.data) % 4 == 0;
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const int i = g + 8 * h;
      const bf16* from = x.row(at.first + i) + column + 2 * t;
      for (int n = 0; n < slab / 8; ++n) raw[n][h] = 0;
      if (i >= at.count) continue;
      if (whole) {
#pragma unroll
        for (int n = 0; n < slab / 8; ++n) raw[n][h] = load_pair(from + 8 * n);
        continue;
      }
#pragma unroll
      for (int n = 0; n < slab / 8; ++n) {
        const int j = 8 * n + 2 * t;
        if (j < dim) raw[n][h] = from[8 * n].bits;
        if (j + 1 < dim) raw[n][h] |= static_cast<std::uint32_t>(from[8 * n + 1].bits) << 16;
      }
    }
  }
  __device__ void to_sums(float (&d)[slab / 8][4]) const {
#pragma unroll
    for (int n = 0; n < slab / 8; ++n)
#pragma unroll
      for (int e = 0; e < 4; ++e) d[n][e] = of_pair<bf16>(raw[n][e / 2], e % 2);
  }
};

/// The warp's 16 rows, from `first_row` on, as bf16, times `factor`, where they lie inside the sequence and below column `dim`.
template <int n>
__device__ void write_rows(const float (&d)[n][4], const ChunkPlace& at, int column, int dim, float factor, Rows<bf16> to,
                           int first_row) {
  const int first = first_row + static_cast<int>(threadIdx.x) % warp_size / 4, t = threadIdx.x % 4;
  const bool whole = dim >= 8 * n && (column | to.stride) % 2 == 0 && reinterpret_cast<std::uintptr_t>(to.data) % 4 == 0;
#pragma unroll
  for (int h = 0; h < 2; ++h) {
    const int i = first + 8 * h;
    if (i >= at.count) continue;
    bf16* place = to.row(at.first + i) + column + 2 * t;
    if (whole) {
#pragma unroll
      for (int m = 0; m < n; ++m) store_pair(place + 8 * m, to_bf16_pair(factor * d[m][2 * h], factor * d[m][2 * h + 1]));
      continue;
    }
#pragma unroll
    for (int m = 0; m < n; ++m) {
      const std::uint32_t pair = to_bf16_pair(factor * d[m][2 * h], factor * d[m][2 * h + 1]);
      const int j = 8 * m + 2 * t;
      if (j < dim) place[8 * m] = bf16{static_cast<std::uint16_t>(pair)};
      if (j + 1 < dim) place[8 * m + 1] = bf16{static_cast<std::uint16_t>(pair >> 16)};
    }
  }
}

template <int n>
__device__ void write_rows(const float (&d)[n][4], const ChunkPlace& at, int column, int dim, float factor, Rows<bf16> to) {
  write_rows(d, at, column, dim, factor, to, threadIdx.x / warp_size * 16);
}

}  // namespace v4
}  // namespace separatrix::SIMT
