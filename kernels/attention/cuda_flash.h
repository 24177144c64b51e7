// Pieces of causal attention with bf16 operands whose scores stay in registers (Dao et al. 2022, FlashAttention): tiles of heads,
// 16 rows a warp (warp_tiles.h), and what becomes of the scores.  Lanes: g = lane / 4, t = lane % 4 (mma.h).
#pragma once
#include "kernels/attention/cuda_row_dots.h"
#include "kernels/cuda/copies.h"
#include "kernels/cuda/warp_tiles.h"

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

/// Rows of a head in shared memory.
template <int count, int dims>
struct Tile : WarpTile<bf16, count, dims> {
  using Base = WarpTile<bf16, count, dims>;
  using Base::data, Base::stride;
  __device__ explicit Tile(SharedPieces& pieces, int parts = 1) : Base(pieces, parts) {}
  __device__ explicit Tile(const Base& base) : Base(base) {}
  __device__ Tile part(std::ptrdiff_t turn) const { return Tile(Base::part(turn)); }

  /// Begins to copy rows first ... of a head; zeros beyond the sequence and beyond its dimension.  A thread stays in its columns.
  __device__ void stage(const Head& head, std::ptrdiff_t first) const {
    constexpr int across = dims / 8, step = threads / across;
    static_assert(count % step == 0);
    const bool aligned = head.dim % 8 == 0 && head.x.stride % 8 == 0 && reinterpret_cast<std::uintptr_t>(head.x.data) % 16 == 0;
    if (!aligned) return copy(head, first);
    const int thread = forgotten(threadIdx.x), row = thread / across, j = thread % across * 8;
    const std::uint32_t zeros[4] = {0, 0, 0, 0};
    bf16* to = data + row * stride + j;
    const bf16* from = head.x.row(first + row) + j;
    const int left = static_cast<int>(j < head.dim ? head.length - first - row : 0);
#pragma unroll
    for (int i = 0; i < count; i += step, to += step * stride, from += step * head.x.stride)
      i < left ? copy_16_bytes(to, from) : store_8(to, zeros);
  }

 private:
  __device__ void copy(const Head& head, std::ptrdiff_t first) const {
#pragma unroll 1
    for (int e = threadIdx.x; e < count * dims; e += threads) {
      const int i = e / dims, j = e % dims;
      data[i * stride + j] = first + i < head.length && j < head.dim ? head.x.row(first + i)[j] : bf16{0};
    }
  }
};

/// Rows first ... of a head's result = the warp's 16 rows times `factor`; rows beyond the sequence and columns beyond its dimension
/// are left alone.
template <int n>
__device__ void write(const AttentionShape& s, float (&d)[n][4], std::ptrdiff_t first, float factor, Rows<bf16> to) {
  const int dim = static_cast<int>(s.head_dim);
  const bool pairs = (dim | to.stride) % 2 == 0 && reinterpret_cast<std::uintptr_t>(to.data) % 4 == 0;
  for_pairs(d, [&](int i, int j, float& a, float& b) {
    if (first + i >= s.length || j >= dim) return;
    bf16* place = to.row(blockIdx.z * s.length + first + i) + blockIdx.y * dim + j;
    const std::uint32_t pair = to_bf16_pair(factor * a, factor * b);
    if (pairs) return store_pair(place, pair);
    place[0] = bf16{static_cast<std::uint16_t>(pair)};
    if (j + 1 < dim) place[1] = bf16{static_cast<std::uint16_t>(pair >> 16)};
  });
}

constexpr float log2_e = 1.4426950408889634f, ln_2 = 0.6931471805599453f;

/// Scores are kept as base-2 exponents.
__device__ inline float score_scale(const AttentionShape& s) {
  return log2_e / sqrtf(static_cast<float>(s.head_dim));
}
__device__ inline std::ptrdiff_t row_number(const AttentionShape& s, std::ptrdiff_t t) {
  return (blockIdx.z * s.heads + blockIdx.y) * s.length + t;
}

/// ds: dO V^T -> P o (dO V^T - D); dot(i, j): the D of that element's query.  The scale of the scores is left to write().
template <int n, class Dot>
__device__ void score_gradient(const float (&p)[n][4], float (&ds)[n][4], Dot dot) {
  const int g = threadIdx.x % warp_size / 4, t = threadIdx.x % 4;
#pragma unroll
  for (int j = 0; j < n; ++j)
#pragma unroll
    for (int e = 0; e < 4; ++e) ds[j][e] = p[j][e] * (ds[j][e] - dot(g + e / 2 * 8, 8 * j + 2 * t + e % 2));
}
__device__ inline float gradient_scale(const AttentionShape& s) {
  return 1.0f / sqrtf(static_cast<float>(s.head_dim));
}

inline Dim3 grid_of(const AttentionShape& s) {
  return {static_cast<unsigned>(blocks_for(s.length, rows)), static_cast<unsigned>(s.heads), static_cast<unsigned>(s.batch)};
}

}  // namespace flash
}  // namespace separatrix::SIMT
