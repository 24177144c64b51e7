// What pairs of tokens i > j hand back in v4's gradients: to the gates between them, and as operands of the products that follow.
// A warp has the pairs of its 16 rows with all columns up to the diagonal.  Left of its diagonal block a decay is a product of two,
//   G_ij = exp(gamma_i - gamma_first) exp(gamma_first - gamma_j)      j < first <= i
// both at most 1; only in the block itself is it found pair by pair.
#pragma once
#include "kernels/gated_delta_rule/cuda_v4_rows_back.h"

namespace separatrix::SIMT {
namespace v4 {

/// Sums of M_ij over the warp's pairs, for dg_t, the sum over i >= t > j: those of the rows' parts left of the diagonal block, the
/// lane's part, and that block itself, its elements as a (16, 16) sum has them; sums of columns left of it stay in d_pair.
struct PairSums {
  float rows[2] = {0, 0}, block[2][4] = {};

  /// The block to (floats) of shared memory, for every thread its own, the rows to d_pair, and from there: registers are short in
  /// between.
  static constexpr int floats = 6 * delta_threads;  // the block's upper right quarter is zero
  __device__ void put_away(float* to, int first, float* d_pair) {
    for (int e = 0; e < 2; ++e) {
      to[2 * threadIdx.x + e] = block[0][e], to[2 * (threadIdx.x + delta_threads) + e] = block[0][2 + e];
      to[2 * (threadIdx.x + 2 * delta_threads) + e] = block[1][2 + e];
    }
    put_rows(rows, first, d_pair);
  }
  __device__ void take_back(const float* from, int first, const float* d_pair) {
    const TwoRows sums(d_pair, first);
    for (int e = 0; e < 2; ++e) {
      block[0][e] = from[2 * threadIdx.x + e], block[0][2 + e] = from[2 * (threadIdx.x + delta_threads) + e];
      block[1][2 + e] = from[2 * (threadIdx.x + 2 * delta_threads) + e];
      rows[e] = threadIdx.x % 4 == 0 ? sums.x[e] : 0.0f;
    }
  }

  /// d_pair_j = the sum over eight rows of (8, column_row), which the warp has left, or += it.
  static constexpr int column_row = chunk + 8;  // rows of a half warp's pairs lie in different banks
  template <bool add>
  __device__ static void put_columns(const float* of, int first, float* d_pair) {
    const int j = 2 * forgotten(threadIdx.x % warp_size);
    __syncwarp();
    if (j < first) {
      float sums[2] = {0, 0};
#pragma unroll
      for (int i = 0; i < 8; ++i) sums[0] += of[i * column_row + j], sums[1] += of[i * column_row + j + 1];
      for (int e = 0; e < 2; ++e) d_pair[j + e] = add ? d_pair[j + e] + sums[e] : sums[e];
    }
    __syncwarp();
  }

  /// d_pair (chunk) of this warp, of sums of columns -> of tokens, as far as there is any: t < first + 16.
  __device__ void put(int first, float* d_pair) const {
    const int lane = forgotten(threadIdx.x) % warp_size, g = lane / 4, t = lane % 4;
    const auto from_lane = [](float x, int l) { return __shfl_sync(0xffffffffu, x, l & (warp_size - 1)); };
    // All rows, the columns before t.
    const float column = 2 * lane < first ? d_pair[2 * lane] : 0.0f, next = 2 * lane < first ? d_pair[2 * lane + 1] : 0.0f;
    float sum = column + next;  // then of all lanes up to this one
    for (int step = 1; step < warp_size; step *= 2) {
      const float before = from_lane(sum, lane - step);
      if (lane >= step) sum += before;
    }
    const float left = from_lane(sum, lane - 1), before = lane > 0 ? left : 0.0f;
    if (2 * lane < first) d_pair[2 * lane] = before, d_pair[2 * lane + 1] = before + column;
    // In the block: of each row what lies left of the block and before t, then over the rows from t on.
    const auto before_lane = [&](float x) {  // of the lanes of the row before this one
      float y = from_lane(x, lane - 1);
      y = t > 0 ? y : 0.0f;
      const float one = from_lane(y, lane - 1);
      const float two = t > 0 ? one : 0.0f;
      const float last = from_lane(two, lane - 1);
      return (y + two) + (t > 0 ? last : 0.0f);
    };
    const float upper_left = row_sum(rows[0]), lower_left = row_sum(rows[1]);
    const float upper = upper_left + before_lane(block[0][0] + block[0][1]);
    const float pair = block[0][2] + block[0][3], half = row_sum(pair);
    const float lower = lower_left + before_lane(pair);
    const float right = (lower_left + half) + before_lane(block[1][2] + block[1][3]);
    // Tokens 2 t, 2 t + 1, 2 t + 8 and 2 t + 9 of the block.
    float sums[4] = {lower + (g >= 2 * t ? upper : 0.0f), (lower + block[0][2]) + (g > 2 * t ? upper + block[0][0] : 0.0f),
                     g >= 2 * t ? right : 0.0f, g > 2 * t ? right + block[1][2] : 0.0f};
#pragma unroll
    for (int step = 4; step < warp_size; step *= 2)
#pragma unroll
      for (float& x : sums) x += __shfl_xor_sync(0xffffffffu, x, step);
    if (g == 0) {
#pragma unroll
      for (int e = 0; e < 4; ++e) d_pair[first + 2 * t + e / 2 * 8 + e % 2] = sums[e];
    }
  }
};

/// What a warp needs for its pairs with the columns of k.
struct Pairs {
  const Decays& decays;
  float* columns;           // (chunk) of the warp: exp(gamma_first - gamma_j)
  float *scratch, *d_pair;  // (8, column_row) and (chunk) of the warp's own
  int first;
  float most = 0;              // the largest |d_ij| after `put`
  float products[2] = {0, 0};  // over j <= i of d_ij <left_i, k_j>, the lane's part

  __device__ void find_column_decays() const {
    const float high = decays.high[first], low = decays.low[first];
    for (int e = 0; e < 2; ++e) {
      const int j = 2 * forgotten(threadIdx.x % warp_size) + e;
      if (j < first) columns[j] = exp_below_0((high - decays.high[j]) + (low - decays.low[j]));
    }
    __syncwarp();
  }

  /// d_ij -> sign d_ij G_ij, i >= j (`diagonal`) or i > j, else zero or left alone; M_ij = of_row_i d_ij <left_i, k_j> to `sums`.
  template <bool diagonal, int steps, class Left, class TileType>
  __device__ void put(float (&d)[chunk / 8][4], const Left& left, const TileType& k, float sign, const float (&of_row)[2],
                      PairSums& sums) {
    const int lane = forgotten(threadIdx.x) % warp_size, g = lane / 4, t = lane % 4;
    float from_first[2], near[2][4];
    {
      const int here = forgotten(first);
      const float *high_of = decays.high + here, *low_of = decays.low + here;
      const float high[2] = {high_of[g], high_of[g + 8]}, low[2] = {low_of[g], low_of[g + 8]};
      for (int e = 0; e < 2; ++e) from_first[e] = sign * exp_below_0((high[e] - high_of[0]) + (low[e] - low_of[0]));
#pragma unroll
      for (int n = 0; n < 2; ++n)
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          const int i = g + e / 2 * 8, j = 8 * n + 2 * t + e % 2;
          const float gamma = (high[e / 2] - high_of[j]) + (low[e / 2] - low_of[j]);
          near[n][e] = n > e / 2 ? 0.0f : sign * exp_below_0((diagonal ? j <= i : j < i) ? gamma : -INFINITY);
        }
    }
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      if (chunk / 2 * half > first)
        continue;  // also of the first half, though never: products do not begin before, registers are short
      float with_k[chunk / 16][4];
      clear(with_k);
#pragma unroll
      for (int step = 0; step < steps; ++step) {
        std::uint32_t a[4], b[4];
        left.load(step, a);
#pragma unroll
        for (int j = 0; j < chunk / 16; j += 2) {
          load_right<true>(b, k, step, chunk / 16 * half + j);
          mma<typename TileType::Element>(with_k[j], a, {b[0], b[1]});
          mma<typename TileType::Element>(with_k[j + 1], a, {b[2], b[3]});
        }
      }
#pragma unroll
      for (int part = 0; part < 2; ++part) {
        const int column = chunk / 2 * half + 16 * part;
        if (column > 0 && column > first) continue;
        const bool there = column < first;
        float decay[2][4];
#pragma unroll
        for (int n = 0; n < 2; ++n)
#pragma unroll
          for (int e = 0; e < 4; ++e) decay[n][e] = near[n][e];
        if (there) {
#pragma unroll
          for (int n = 0; n < 2; ++n) {
            const float of_column[2] = {columns[column + 8 * n + 2 * t], columns[column + 8 * n + 2 * t + 1]};
#pragma unroll
            for (int e = 0; e < 4; ++e) decay[n][e] = from_first[e / 2] * of_column[e % 2];
          }
        }
        float change[2][4];
#pragma unroll
        for (int n = 0; n < 2; ++n)
#pragma unroll
          for (int e = 0; e < 4; ++e) {
            float& x = d[chunk / 16 * half + 2 * part + n][e];
            x *= decay[n][e];
            most = fmaxf(most, fabsf(x));
            change[n][e] = x * with_k[2 * part + n][e];
          }
        float of_rows[2];
#pragma unroll
        for (int e = 0; e < 2; ++e)
          of_rows[e] = (change[0][2 * e] + change[0][2 * e + 1]) + (change[1][2 * e] + change[1][2 * e + 1]);
        for (int e = 0; e < 2; ++e) products[e] += of_rows[e];
        if (there) {
          for (int e = 0; e < 2; ++e) sums.rows[e] = fmaf(of_row[e], of_rows[e], sums.rows[e]);
#pragma unroll
          for (int n = 0; n < 2; ++n)
#pragma unroll
            for (int e = 0; e < 2; ++e)
              scratch[g * PairSums::column_row + column + 8 * n + 2 * t + e] =
                  fmaf(of_row[1], change[n][2 + e], of_row[0] * change[n][e]);
        } else {
#pragma unroll
          for (int n = 0; n < 2; ++n)
#pragma unroll
            for (int e = 0; e < 4; ++e) sums.block[n][e] = fmaf(of_row[e / 2], change[n][e], sums.block[n][e]);
        }
      }
    }
    PairSums::put_columns<!diagonal>(scratch, first, d_pair);  // the diagonal comes first
  }

  /// d as fp16: times `factors` as a left operand, times `of_tile` to the warp's rows of a tile.
  template <class TileType>
  __device__ LeftFragments<chunk / 16> rounded(const float (&d)[chunk / 8][4], const float (&factors)[2], const float (&of_tile)[2],
                                               const TileType& to) const {
    LeftFragments<chunk / 16> left{};
    const int lane = forgotten(threadIdx.x % warp_size), g = lane / 4, t = lane % 4;
#pragma unroll
    for (int step = 0; step < chunk / 16; ++step) {
      if (step > 0 && 16 * step > first) continue;
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const float a = d[2 * step + i / 2][i % 2 * 2], b = d[2 * step + i / 2][i % 2 * 2 + 1], other = of_tile[i % 2];
        left.x[step][i] = to_fp16_pair(factors[i % 2] * a, factors[i % 2] * b);
        to.put_pair(first + g + i % 2 * 8, 16 * step + i / 2 * 8 + 2 * t, to_fp16_pair(other * a, other * b));
      }
    }
    return left;
  }
};

/// d += A B^T as far as the warp has pairs: columns from chunk / 2 on only for rows from there on.
template <int steps, class TileType>
__device__ void multiply_pairs(float (&d)[chunk / 8][4], const LeftFragments<steps>& left, const TileType& right, int first) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    if (half == 1 && first < chunk / 2) continue;
#pragma unroll
    for (int step = 0; step < steps; ++step)
#pragma unroll
      for (int j = chunk / 16 * half; j < chunk / 16 * (half + 1); j += 2) {
        std::uint32_t b[4];
        load_right<true>(b, right, step, j);
        mma<fp16>(d[j], left.x[step], {b[0], b[1]});
        mma<fp16>(d[j + 1], left.x[step], {b[2], b[3]});
      }
  }
}

/// d += the warp's columns of `pairs`, from the diagonal on, times `right`; the rows of every warp, in its own unit, are brought to
/// `fit`.
template <int n, class Square, class TileType>
__device__ void multiply_columns(float (&d)[n][4], const Square& pairs, int first, float fit, const float* fits,
                                 const TileType& right) {
#pragma unroll
  for (int step = 0; step < chunk / 16; ++step) {
    if (step < chunk / 16 - 1 && 16 * step < first) continue;
    std::uint32_t a[4], b[4];
    LeftColumns<Square>{pairs, first}.load(step, a);
    times_power(a, fit * reciprocal_of_power(fits[step]));
#pragma unroll
    for (int j = 0; j < n; j += 2) {
      load_right<false>(b, right, step, j);
      mma<fp16>(d[j], a, {b[0], b[1]});
      mma<fp16>(d[j + 1], a, {b[2], b[3]});
    }
  }
}

/// The power of two that brings the warp's pairs below 1; kept for the other warps.
__device__ inline float fit_warp(float most, float* place) {
  const float fit = scale_below_1(warp_most(most));
  if (threadIdx.x % warp_size == 0) *place = fit;
  return fit;
}
/// The one that all warps' pairs fit.
__device__ inline float fit_block(const float* fits) {
  float least = fits[0];
  for (int w = 1; w < warps; ++w) least = fminf(least, fits[w]);
  return least;
}

}  // namespace v4
}  // namespace separatrix::SIMT
