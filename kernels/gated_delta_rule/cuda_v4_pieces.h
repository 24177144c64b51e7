// Long sequences in pieces of whole chunks, for v5: the scans of v4 run over every piece at once.  The chunks of piece p are
// linear,
//   S_{p+1} = M_p S_p + U_p       dS_p = M_p^T dS_{p+1} + dU_p
// so a first, `local` scan finds U_p (no state before) and M_p (no values, its 32 columns of the identity as the state), join goes
// through the pieces in fp32, and the second scan of every piece begins at its own state.
#pragma once
#include "kernels/gated_delta_rule/cuda_v4.h"

namespace separatrix::SIMT {
namespace v4 {

/// Per sequence, value head and piece: the state before it, M_p, and the gradient of the state after it.  Empty memory, one piece:
/// sequences are not split.
struct Pieces {
  int chunks = 1 << 30;  // of a piece
  int count = 1;         // of the longest sequence there may be
  float *states = nullptr, *transitions = nullptr, *d_states = nullptr;

  __device__ int last(const DeltaSizes& s, int n) const {
    const int all = chunks_of(s, n);
    return all > 0 ? (all - 1) / chunks : 0;
  }
  __device__ std::size_t index(const DeltaSizes& s, int n, int h, int p) const {
    return (static_cast<std::size_t>(n) * s.value_heads + h) * count + p;
  }
  /// (key_dim, value_dim)
  __device__ float* state(const DeltaSizes& s, int n, int h, int p) const {
    return states + index(s, n, h, p) * s.key_dim * s.value_dim;
  }
  __device__ float* d_state(const DeltaSizes& s, int n, int h, int p) const {
    return d_states + index(s, n, h, p) * s.key_dim * s.value_dim;
  }
  /// (key_dim, key_dim)
  __device__ float* transition(const DeltaSizes& s, int n, int h, int p) const {
    return transitions + index(s, n, h, p) * s.key_dim * s.key_dim;
  }
};

/// What one block of a scan does: chunks [begin, end) of a sequence, on one slab of columns.
struct ScanPart {
  int sequence, piece, last, begin, end, column;
  bool transition;  // columns of M instead of the values'

  /// grid (sequences * pieces, value_heads, slabs of the values, then of M)
  __device__ ScanPart(const DeltaSizes& s, const Pieces& pieces) {
    const int all_slabs = padded_values(s.value_dim) / slab, z = blockIdx.z;
    sequence = blockIdx.x / pieces.count, piece = blockIdx.x % pieces.count, last = pieces.last(s, sequence);
    const int chunks = chunks_of(s, sequence);
    begin = piece * pieces.chunks, end = chunks - begin < pieces.chunks ? chunks : begin + pieces.chunks;
    transition = z >= all_slabs, column = (transition ? z - all_slabs : z) * slab;
  }
};

constexpr int join_columns = 8;
template <int keys>
constexpr std::size_t join_floats() {
  return keys * (keys + 1) + keys * join_columns;
}

/// grid (sequences, value_heads, ceil(value_dim / join_columns)): the states before pieces 2, 3, ... from U, in place; `back`: the
/// gradients after pieces ..., 1, 0 from dU.  A thread has one row, M goes through shared memory.
template <int keys, bool back>
__global__ void __launch_bounds__(delta_threads) join(DeltaSizes s, Pieces pieces) {
  static_assert(keys <= delta_threads);
  constexpr int m_row = keys + 1;  // rows and columns of M are both read without bank conflicts
  const int n = blockIdx.x, h = blockIdx.y, column = blockIdx.z * join_columns, last = pieces.last(s, n);
  const int left = s.value_dim - column, columns = left < join_columns ? left : join_columns;
  SharedPieces shared(shared_memory());
  float *m = shared.take(keys * m_row), *before = shared.take(keys * join_columns);
  for (int step = 1; step < last; ++step) {
    const int p = back ? last - step : step;
    const float* transition = pieces.transition(s, n, h, p);
    const float* from = (back ? pieces.d_state(s, n, h, p) : pieces.state(s, n, h, p)) + column;
    float* to = (back ? pieces.d_state(s, n, h, p - 1) : pieces.state(s, n, h, p + 1)) + column;
    for (int e = threadIdx.x; e < s.key_dim * s.key_dim; e += delta_threads)
      m[e / s.key_dim * m_row + e % s.key_dim] = transition[e];
    for (int e = threadIdx.x; e < s.key_dim * join_columns; e += delta_threads) {
      const int l = e / join_columns, j = e % join_columns;
      before[e] = j < columns ? from[l * s.value_dim + j] : 0.0f;
    }
    __syncthreads();
    const int i = threadIdx.x;
    if (i < s.key_dim) {
      float sums[join_columns] = {};
      for (int l = 0; l < s.key_dim; ++l) {
        const float x = back ? m[l * m_row + i] : m[i * m_row + l];
#pragma unroll
        for (int j = 0; j < join_columns; ++j) sums[j] = fmaf(x, before[l * join_columns + j], sums[j]);
      }
#pragma unroll
      for (int j = 0; j < join_columns; ++j)
        if (j < columns) to[i * s.value_dim + j] += sums[j];
    }
    __syncthreads();  // the next step reads what was written here, and writes over m and before
  }
}

}  // namespace v4
}  // namespace separatrix::SIMT
