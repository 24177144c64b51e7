// Tiles that the scans read chunk after chunk.  ahead = false: read when needed.  ahead = true: copied as they are (cp.async) while
// the chunk before is computed, and unpacked on arrival; where rows are not aligned to 16 bytes, element by element.
// Order of one turn: arrive(), barrier, load(), barrier, stage() of the next chunk, products.
#pragma once
#include "kernels/cuda/copies.h"
#include "kernels/gated_delta_rule/cuda_chunk.h"

namespace separatrix::SIMT {

/// (chunk, columns) rows of x from column `column`, `dim` of them there.
template <class T, bool ahead>
struct RowTile {
  T* raw = nullptr;
  static constexpr std::size_t floats(int columns) { return ahead ? chunk * columns * sizeof(T) / sizeof(float) : 0; }
  __device__ RowTile(SharedPieces& pieces, int columns) {
    if constexpr (ahead) raw = reinterpret_cast<T*>(pieces.take(static_cast<int>(floats(columns))));
  }

  __device__ void stage(Rows<const T> x, const ChunkPlace& at, int column, int dim, int columns) {
    if constexpr (ahead) {
      constexpr int wide = 16 / sizeof(T);
      const T* first = x.row(at.first) + column;
      const bool aligned = dim % wide == 0 && x.stride % wide == 0 && reinterpret_cast<std::uintptr_t>(first) % 16 == 0;
      const int step = aligned ? wide : 1, across = (dim < columns ? dim : columns) / step;
#pragma unroll 1
      for (int e = threadIdx.x; e < at.count * across; e += blockDim.x) {
        const int i = e / across, j = e % across * step;
        if (aligned)
          copy_16_bytes(raw + i * columns + j, x.row(at.first + i) + column + j);
        else
          raw[i * columns + j] = x.row(at.first + i)[column + j];
      }
    }
  }

  /// As load_rows.
  __device__ void load(Rows<const T> x, const ChunkPlace& at, int column, int dim, int columns, float scale, const float* norms,
                       float* to, int row) const {
    if constexpr (ahead)
      load_rows(Rows<const T>{raw, columns}, ChunkPlace{at.slot, 0, at.count}, 0, dim, columns, scale, norms, to, row);
    else
      load_rows(x, at, column, dim, columns, scale, norms, to, row);
  }
};

/// (chunk, chunk) floats of global memory, with chunk_row.
template <bool ahead>
struct SquareTile {
  float* buffers;
  static constexpr int size = chunk * chunk_row;
  static constexpr std::size_t floats() { return (ahead ? 2 : 1) * size; }
  __device__ explicit SquareTile(SharedPieces& pieces) : buffers(pieces.take(static_cast<int>(floats()))) {}
  __device__ float* buffer(int turn) const { return ahead ? buffers + turn % 2 * size : buffers; }
  __device__ void stage(const float* from, int turn) {
    if constexpr (ahead) {
#pragma unroll 1
      for (int e = threadIdx.x; e < chunk * chunk / 4; e += blockDim.x)
        copy_16_bytes(buffer(turn) + e / (chunk / 4) * chunk_row + e % (chunk / 4) * 4, from + 4 * e);
    }
  }
  __device__ const float* load(const float* from, int turn) {
    if constexpr (!ahead) load_block(from, chunk, 0, chunk, chunk, buffers, chunk_row);
    return buffer(turn);
  }
};

}  // namespace separatrix::SIMT
