// Sums of rows and over tokens in v4's gradients (cuda_v4_gradients.h).
#pragma once
#include "kernels/gated_delta_rule/cuda_v4.h"

namespace separatrix::SIMT {
namespace v4 {

/// warp_max of numbers that are not negative, whose bits are in their order: one instruction in place of five exchanges.
__device__ inline float warp_most(float x) {
#ifdef SEPARATRIX_EMULATED
  return warp_max(x);
#else
  std::uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  asm volatile("redux.sync.max.u32 %0, %0, 0xffffffff;" : "+r"(bits));
  return float_of(bits);
#endif
}
__device__ inline void put_most(const BlockMax& block_max, float x) {
  x = warp_most(x);
  if (threadIdx.x % warp_size == 0) block_max.places[threadIdx.x / warp_size] = x;
}

/// SlabRows::load of the warp whose rows begin at `first`.
__device__ inline void read_rows(Rows<const bf16> x, const ChunkPlace& at, int first, int column, int dim, SlabRows& to) {
  const int lane = forgotten(threadIdx.x % warp_size), i = first + lane / 4, t = lane % 4;
  const bf16* from = x.row(at.first + i) + column + 2 * t;
  const bool whole = dim >= slab && (column | x.stride) % 2 == 0 && reinterpret_cast<std::uintptr_t>(x.data) % 4 == 0;
#pragma unroll
  for (int r = 0; r < 2; ++r, from += 8 * x.stride) {
#pragma unroll
    for (int n = 0; n < slab / 8; ++n) to.raw[n][r] = 0;
    if (i + 8 * r >= at.count) continue;
    if (whole) {
#pragma unroll
      for (int n = 0; n < slab / 8; ++n) to.raw[n][r] = load_pair(from + 8 * n);
      continue;
    }
#pragma unroll
    for (int n = 0; n < slab / 8; ++n) {
      const int left = dim - 8 * n - 2 * t;
      if (left > 0) to.raw[n][r] = from[8 * n].bits;
      if (left > 1) to.raw[n][r] |= static_cast<std::uint32_t>(from[8 * n + 1].bits) << 16;
    }
  }
}

/// Unit rows of q or k.
template <int keys>
__device__ void load_unit(const fp16* from, const float* factors, const WarpTile<fp16, chunk, keys>& to) {
  constexpr int across = keys / 8, count = chunk * across / delta_threads;
  const int thread = forgotten(threadIdx.x);
  // Element m * delta_threads + thread of 8; where rows are divided evenly its row and column are found once.
  constexpr bool even = delta_threads % across == 0;
  const auto row = [&](int m) {
    return even ? thread / across + m * (delta_threads / across) : (thread + m * delta_threads) / across;
  };
  const auto column = [&](int m) { return (even ? thread : thread + m * delta_threads) % across * 8; };
  std::uint32_t x[count][4];
  float factor[count];
#pragma unroll
  for (int m = 0; m < count; ++m)  // all of them on their way before the first is waited for
    load_8(from + 8 * thread + 8 * m * delta_threads, x[m]), factor[m] = factors[row(m)];
#pragma unroll
  for (int m = 0; m < count; ++m) {
    for (std::uint32_t& pair : x[m]) pair = to_fp16_pair(factor[m] * of_pair<fp16>(pair, 0), factor[m] * of_pair<fp16>(pair, 1));
    store_8(&to.at(row(m), column(m)), x[m]);
  }
}

/// Pairs of fp16 times a power of two of at most 1, rounded where they become too small; 0 below 2^-25.
__device__ inline void times_power(std::uint32_t (&pairs)[4], float power) {
#ifdef SEPARATRIX_EMULATED
  const float factor = to_float(from_float<fp16>(power));
  for (std::uint32_t& two : pairs) two = to_fp16_pair(factor * of_pair<fp16>(two, 0), factor * of_pair<fp16>(two, 1));
#else
  const std::uint32_t factors = to_fp16_pair(power, power);
#pragma unroll
  for (std::uint32_t& two : pairs) asm("mul.rn.f16x2 %0, %0, %1;" : "+r"(two) : "r"(factors));
#endif
}

/// to_i = the sum over the lanes of row i, or += it.
template <bool add = false>
__device__ void put_rows(float (&of_rows)[2], int first, float* to) {
  const int lane = forgotten(threadIdx.x % warp_size);
  for (int e = 0; e < 2; ++e) {
    of_rows[e] = row_sum(of_rows[e]);
    float& place = to[first + lane / 4 + 8 * e];
    if (lane % 4 == 0) place = add ? place + of_rows[e] : of_rows[e];
  }
}

/// What 16 rows are as a left operand, 16 columns a step: a sum's element e of columns 8 n on is half e % 2 of x[n / 2][n % 2 * 2 +
/// e / 2].
template <int steps>
struct LeftFragments {
  std::uint32_t x[steps][4];
  __device__ void load(int step, std::uint32_t (&a)[4]) const {
#pragma unroll
    for (int i = 0; i < 4; ++i) a[i] = x[step][i];
  }
  template <class TileType>
  __device__ void read(const TileType& tile, int row) {
#pragma unroll
    for (int step = 0; step < steps; ++step) LeftRows<TileType>{tile, row}.load(step, x[step]);
  }
  /// Of raw rows times `factor`.
  __device__ void round(const SlabRows& rows, float factor) {
    static_assert(steps == slab / 16);
#pragma unroll
    for (int step = 0; step < steps; ++step)
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const std::uint32_t two = rows.raw[2 * step + i / 2][i % 2];
        x[step][i] = to_fp16_pair(factor * of_pair<bf16>(two, 0), factor * of_pair<bf16>(two, 1));
      }
  }
  __device__ void times(float power) {
#pragma unroll
    for (int step = 0; step < steps; ++step) times_power(x[step], power);
  }
  /// The same for any power: fp16 has none below 2^-24, and 65504 times the least of two is 2^-32.
  __device__ void times_any(float power) {
    if (power == 1) return;
    times(fmaxf(power, 0x1p-24f));
    if (power < 0x1p-24f) times(0x1p24f * power);
  }
};

/// Adds <x_i, y_i> and <z_i, y_i>, of the lane's columns.
template <int n, class TileType>
__device__ void add_two_dots(const float (&x)[n][4], const float (&z)[n][4], const TileType& y, int first, float (&of_x)[2],
                             float (&of_z)[2]) {
#pragma unroll
  for (int step = 0; step < n / 2; ++step) {
    std::uint32_t a[4];
    LeftRows<TileType>{y, first}.load(step, a);
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      const float right = of_pair<fp16>(a[e / 2], e % 2);
      float &sum = of_x[e / 2 % 2], &other = of_z[e / 2 % 2];
      sum = fmaf(x[2 * step + e / 4][e % 4], right, sum), other = fmaf(z[2 * step + e / 4][e % 4], right, other);
    }
  }
}

/// f(r, x, y) for the lane's elements of a sum and of 16 rows; r = 0 or 1: the lane's row.
template <class Sum, int n, int steps, class F>
__device__ void for_both_rows(Sum (&d)[n][4], const LeftFragments<steps>& rows, F f) {
  static_assert(n == 2 * steps);
#pragma unroll
  for (int step = 0; step < steps; ++step)
#pragma unroll
    for (int e = 0; e < 8; ++e) f(e / 2 % 2, d[2 * step + e / 4][e % 4], of_pair<fp16>(rows.x[step][e / 2], e % 2));
}

/// The lane's part of <S, dS'> of a slab, both (16 steps, slab): the diagonal of S^T dS', of 16 columns and half of the keys a
/// warp.
template <int steps, class TileType>
__device__ float state_dots(const TileType& state, const TileType& d_state, int first) {
  const int lane = forgotten(threadIdx.x % warp_size), column = first % slab, begin = first / slab * (8 * steps);
  const TileType left = state.from(begin, 0), right = d_state.from(begin, column);
  float sums[2][4] = {};
#pragma unroll
  for (int step = 0; step < steps / 2; ++step) {
    std::uint32_t a[4], b[4];
    LeftColumns<TileType>{left, column}.load(step, a);
    load_right<false>(b, right, step, 0);
    mma<fp16>(sums[0], a, {b[0], b[1]});
    mma<fp16>(sums[1], a, {b[2], b[3]});
  }
  float sum = 0;
  for (int e = 0; e < 2; ++e)
    if (lane / 4 == lane % 4 * 2 + e) sum = sums[0][e] + sums[1][2 + e];
  return sum;
}

/// What a chunk has for the gradients of its gates, a number a token; d_pair (warps, chunk) by PairSums.
struct TokenGradients {
  const Decays& decays;
  const float *d_start, *d_end, *d_pair, *d_beta;

  /// dg and dbeta of a lane's tokens 2 lane and 2 lane + 1, by one warp: sums over the tokens from t on and before t.
  __device__ void put(const ChunkPlace& at, int h, float unit, float of_whole, Rows<float> d_g, Rows<float> d_betas) const {
    const int lane = threadIdx.x % warp_size, t = 2 * lane;
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
