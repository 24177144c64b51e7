// Sums of rows and over tokens in v4's gradients (cuda_v4_gradients.h).
#pragma once
#include "kernels/gated_delta_rule/cuda_v4.h"

namespace separatrix::SIMT {
namespace v4 {

/// Unit rows of q or k.
template <int keys>
__device__ void load_unit(const fp16* from, const float* factors, const WarpTile<fp16, chunk, keys>& to) {
  constexpr int across = keys / 8, count = chunk * across / delta_threads;
  std::uint32_t x[count][4];
  float factor[count];
#pragma unroll
  for (int m = 0; m < count; ++m) {  // all of them on their way before the first is waited for
    const int e = threadIdx.x + m * delta_threads;
    load_8(from + 8 * e, x[m]), factor[m] = factors[e / across];
  }
#pragma unroll
  for (int m = 0; m < count; ++m) {
    const int e = threadIdx.x + m * delta_threads;
    for (std::uint32_t& pair : x[m]) pair = to_fp16_pair(factor[m] * of_pair<fp16>(pair, 0), factor[m] * of_pair<fp16>(pair, 1));
    store_8(&to.at(e / across, e % across * 8), x[m]);
  }
}

/// to_i = the sum over the lanes of row i, or += it.
template <bool add = false>
__device__ void put_rows(float (&of_rows)[2], int first, float* to) {
  for (int e = 0; e < 2; ++e) {
    of_rows[e] = row_sum(of_rows[e]);
    float& place = to[first + threadIdx.x % warp_size / 4 + 8 * e];
    if (threadIdx.x % 4 == 0) place = add ? place + of_rows[e] : of_rows[e];
  }
}

/// Adds factor <x_i, y_i>, of the lane's columns.
template <int n, class TileType>
__device__ void add_dots(float (&x)[n][4], const TileType& y, int first, float factor, float (&of_rows)[2]) {
  for_pairs(x, [&](int i, int j, float& a, float& b) {
    const std::uint32_t two = load_pair(&y.at(first + i, j));
    of_rows[i / 8] = fmaf(factor * a, of_pair<fp16>(two, 0), of_rows[i / 8]);
    of_rows[i / 8] = fmaf(factor * b, of_pair<fp16>(two, 1), of_rows[i / 8]);
  });
}

/// What pairs of tokens hand to dg_t, the sum over i >= t > j of both (chunk, chunk_row), of the warp's own rows i, which begin at
/// `first` and are written over; to d_pair of this warp (warps, chunk), as far as there is any: t < first + 16.
__device__ inline void pair_gradient(float* both, int first, float* d_pair) {
  const int lane = forgotten(threadIdx.x) % warp_size;
  float* rows = both + first * chunk_row;
  float* to = d_pair + threadIdx.x / warp_size * chunk;
  __syncwarp();
  float columns[2] = {0, 0};  // 2 lane and 2 lane + 1: row i becomes the sum of rows i and more
#pragma unroll
  for (int i = 15; i >= 0; --i)
#pragma unroll
    for (int e = 0; e < 2; ++e) {
      float& place = rows[i * chunk_row + 2 * lane + e];
      place = columns[e] += place;
    }
  __syncwarp();
  float sum = columns[0] + columns[1];  // then of all lanes up to this one
  for (int step = 1; step < warp_size; step *= 2) {
    const float before = __shfl_sync(0xffffffffu, sum, lane >= step ? lane - step : lane);
    if (lane >= step) sum += before;
  }
  const float left = __shfl_sync(0xffffffffu, sum, lane > 0 ? lane - 1 : 0), before = lane > 0 ? left : 0.0f;
  if (2 * lane <= first) to[2 * lane] = before;
  if (2 * lane + 1 <= first) to[2 * lane + 1] = before + columns[0];
  const int row = lane / 2, t = first + row;  // two lanes a row: t among the warp's own rows
  float part[4] = {0, 0, 0, 0};
#pragma unroll
  for (int j = lane % 2 * 4; j < chunk; j += 8) {
    float x[4];
    load_4(rows + row * chunk_row + j, x);
#pragma unroll
    for (int e = 0; e < 4; ++e) part[e] += j + e < t ? x[e] : 0.0f;
  }
  sum = (part[0] + part[1]) + (part[2] + part[3]);
  sum += __shfl_xor_sync(0xffffffffu, sum, 1);
  if (row > 0 && lane % 2 == 0) to[t] = sum;
}

/// What a chunk has for the gradients of its gates, a number a token; d_pair (warps, chunk) by pair_gradient.
struct TokenGradients {
  const Decays& decays;
  const float *d_start, *d_end, *d_pair, *d_beta;

  /// dg and dbeta of a lane's tokens 2 lane and 2 lane + 1, by one warp: sums over the tokens from t on and before t.
  __device__ void put(const ChunkPlace& at, int h, float unit, float of_whole, Rows<float> d_g, Rows<float> d_betas) const {
    const int lane = threadIdx.x, t = 2 * lane;
    const float start[2] = {d_start[t], d_start[t + 1]};
    const float end[2] = {decays.to_end[t] * d_end[t], decays.to_end[t + 1] * d_end[t + 1]};
    float starts = start[0] + start[1], ends = end[0] + end[1];  // then of all lanes from, or up to, this one
    const auto from_lane = [](float x, int l) { return __shfl_sync(0xffffffffu, x, l & (warp_size - 1)); };
    for (int step = 1; step < warp_size; step *= 2) {
      const float after = from_lane(starts, lane + step), before = from_lane(ends, lane - step);
      if (lane + step < warp_size) starts += after;
      if (lane >= step) ends += before;
    }
    const float after = from_lane(starts, lane + 1), before = from_lane(ends, lane - 1);
    const float of_starts[2] = {starts, start[1] + (lane + 1 < warp_size ? after : 0.0f)};
    const float ends_before = lane > 0 ? before : 0.0f, of_ends[2] = {ends_before, ends_before + end[0]};
    for (int e = 0; e < 2; ++e) {
      if (t + e >= at.count) return;
      float pairs = 0;
      for (int w = t / 16; w < warps; ++w) pairs += d_pair[w * chunk + t + e];
      d_betas.row(at.first + t + e)[h] = d_beta[t + e];
      d_g.row(at.first + t + e)[h] = ((pairs * reciprocal_of_power(unit) + of_ends[e]) + of_starts[e]) + of_whole;
    }
  }
};

}  // namespace v4
}  // namespace separatrix::SIMT
