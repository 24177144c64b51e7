// v4 of the gated delta rule: operands fp16, one product each.  What its kernels share: powers of two that keep operands in range,
// what the forward keeps, and pieces of global memory in the fragments of a warp.  Formulas: cuda_forward.h, cuda_backward.h.
//   keys, queries   row i = raw row / 2^e, its largest element in [1, 2): exact but for elements 2^-14 of it; the unit row is
//                   factor_i times that, and the factor is applied in fp32
//   A, P            at most 2 in size when keys are unit rows and beta <= 2
//   V', X, S        times 2^-e, so that the chunk's v and the state before it are below 1: what follows from them is below 65504
//                   for any unit keys, beta <= 2; sums and the state stay fp32.  The gradients likewise, by dO and dS'
// Without unit keys rows are taken as they are, and nothing guards the range: what leaves it becomes infinite.
#pragma once
#include "kernels/cuda/copies.h"
#include "kernels/cuda/warp_tiles.h"
#include "kernels/gated_delta_rule/cuda_v4_rows.h"

namespace separatrix::SIMT {
namespace v4 {

constexpr int warps = delta_threads / warp_size;
static_assert(16 * warps == chunk, "a warp has 16 rows of the chunk");

/// The least that gives every warp a unit of the state.
constexpr int least_keys = 32;
inline int padded_keys(int key_dim) {
  const int keys = separatrix::SIMT::padded_keys(key_dim);
  return keys < least_keys ? least_keys : keys;
}

/// 2^-exponent, but none beyond 2^60 or 2^-60.
__device__ inline float scale_by(int exponent) {
  return float_of(static_cast<std::uint32_t>(127 - (exponent < -60 ? -60 : exponent > 60 ? 60 : exponent)) << 23);
}
/// The power of two with most * scale in [1/2, 1), within those bounds; 1 for 0.
__device__ inline float scale_below_1(float most) {
  if (most == 0) return 1.0f;
  std::uint32_t bits;
  memcpy(&bits, &most, sizeof bits);
  return scale_by(static_cast<int>(bits >> 23 & 255) - 126);  // most < 2^exponent
}
/// scale_below_1 of the square root of x, which is not taken: half of x's exponent.
__device__ inline float scale_of_root(float x) {
  if (x == 0) return 1.0f;
  std::uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return scale_by(((static_cast<int>(bits >> 23 & 255) - 127) >> 1) + 1);  // sqrt(x) < 2^exponent
}

/// 1 / x for such a power of two.
__device__ inline float reciprocal_of_power(float x) {
  std::uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return float_of(0x7F000000 - bits);
}

/// Kept per slot and value head: A, P (chunk, chunk), V' (chunk, values), S before the chunk (keys, values), the decays and one
/// scale per slab of V' and S; per slot and key head: keys and queries (chunk, keys), their factors and 1 / |q|, 1 / |k|.
struct Saved {
  std::size_t keys, values;  // padded dims
  fp16 *inverse_, *p_, *values_, *states_, *k_, *q_;
  float *decays_, *factors_, *norms_, *scales_;

  __device__ fp16* inverse(std::size_t head) const { return inverse_ + head * chunk * chunk; }
  __device__ fp16* p(std::size_t head) const { return p_ + head * chunk * chunk; }
  __device__ fp16* value_rows(std::size_t head) const { return values_ + head * chunk * values; }
  __device__ fp16* state(std::size_t head) const { return states_ + head * keys * values; }
  __device__ float* decays(std::size_t head) const { return decays_ + head * Decays::floats; }
  __device__ float* scales(std::size_t head) const { return scales_ + head * (values / slab); }
  __device__ fp16* k(std::size_t key_head) const { return k_ + key_head * chunk * keys; }
  __device__ fp16* q(std::size_t key_head) const { return q_ + key_head * chunk * keys; }
  /// Factors of q, then of k.
  __device__ float* factors(std::size_t key_head) const { return factors_ + key_head * 2 * chunk; }
  __device__ float* norms(std::size_t key_head) const { return norms_ + key_head * 2 * chunk; }
};
/// The backward's own: dX, dS' and their scales; dQ and dK of a value head (chunk, keys) where key heads are shared.
struct Scratch {
  std::size_t keys, values;
  fp16 *d_x_, *d_states_;
  float *scales_, *d_q_, *d_k_;
  __device__ fp16* d_x(std::size_t head) const { return d_x_ + head * chunk * values; }
  __device__ fp16* d_state(std::size_t head) const { return d_states_ + head * keys * values; }
  __device__ float* scales(std::size_t head) const { return scales_ + head * (values / slab); }
};

struct Plan {
  std::size_t heads, key_heads, keys, values;
  bool shared_keys;
  explicit Plan(const DeltaSizes& s)
      : heads(static_cast<std::size_t>(slot_count(s)) * s.value_heads),
        key_heads(static_cast<std::size_t>(slot_count(s)) * s.key_heads),
        keys(v4::padded_keys(s.key_dim)),
        values(padded_values(s.value_dim)),
        shared_keys(s.value_heads != s.key_heads) {}
  /// Pieces in floats, each a multiple of 4, so that all begin at 16 bytes when the memory does.
  Saved saved(float* next) const {
    const auto halves = [&](std::size_t n) { return reinterpret_cast<fp16*>(take(next, n / 2)); };
    Saved s{keys, values, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}};
    s.inverse_ = halves(heads * chunk * chunk), s.p_ = halves(heads * chunk * chunk);
    s.values_ = halves(heads * chunk * values), s.states_ = halves(heads * keys * values);
    s.k_ = halves(key_heads * chunk * keys), s.q_ = halves(key_heads * chunk * keys);
    s.decays_ = take(next, heads * Decays::floats);
    s.factors_ = take(next, key_heads * 2 * chunk), s.norms_ = take(next, key_heads * 2 * chunk);
    s.scales_ = take(next, heads * (values / slab));
    return s;
  }
  std::size_t saved_size() const {
    return heads * (chunk * chunk + chunk * values / 2 + keys * values / 2 + Decays::floats + values / slab) +
           key_heads * (chunk * keys + 4 * chunk);
  }
  Scratch scratch(float* next) const {
    const auto halves = [&](std::size_t n) { return reinterpret_cast<fp16*>(take(next, n / 2)); };
    Scratch s{keys, values, {}, {}, {}, {}, {}};
    s.d_x_ = halves(heads * chunk * values), s.d_states_ = halves(heads * keys * values);
    if (shared_keys) s.d_q_ = take(next, heads * chunk * keys), s.d_k_ = take(next, heads * chunk * keys);
    s.scales_ = take(next, heads * (values / slab));
    return s;
  }
  std::size_t scratch_size() const {
    return heads * (chunk * values / 2 + keys * values / 2 + values / slab + (shared_keys ? 2 * chunk * keys : 0));
  }

 private:
  static float* take(float*& next, std::size_t floats) {
    float* piece = next;
    next += floats;
    return piece;
  }
};

/// Begins to copy `rows` rows of `columns` halves from global memory (from_row apart) into a tile.
template <int rows, int columns, class TileType>
__device__ void stage(const fp16* from, std::size_t from_row, const TileType& tile) {
  constexpr int across = columns / 8;
  const int thread = forgotten(threadIdx.x);
  if constexpr (delta_threads % across == 0 && rows % (delta_threads / across) == 0) {
    constexpr int step = delta_threads / across;  // a thread stays in its column: one address, then sums
    fp16* to = &tile.at(thread / across, thread % across * 8);
    from += thread / across * from_row + thread % across * 8;
#pragma unroll
    for (int i = 0; i < rows; i += step, from += step * from_row) copy_16_bytes(to + i * TileType::stride, from);
  } else
#pragma unroll 1
    for (int e = thread; e < rows * across; e += delta_threads)
      copy_16_bytes(&tile.at(e / across, e % across * 8), from + e / across * from_row + e % across * 8);
}
/// The same for floats without gaps, a multiple of 4.
__device__ inline void stage_floats(const float* from, int count, float* to) {
#pragma unroll 1
  for (int e = 4 * threadIdx.x; e < count; e += 4 * delta_threads) copy_16_bytes(to + e, from + e);
}

/// A warp's 16 rows of a tile, from `row` on, in the layout of a sum.
template <class TileType, int n>
__device__ void load_sums(const TileType& tile, int row, float (&d)[n][4]) {
  for_pairs(d, [&](int i, int j, float& a, float& b) {
    const std::uint32_t two = load_pair(&tile.at(row + i, j));
    a = of_pair<fp16>(two, 0), b = of_pair<fp16>(two, 1);
  });
}

/// x of the lane's two rows first + g and first + g + 8.  Read before a loop that stores: the compiler cannot know that they stay.
struct TwoRows {
  float x[2];
  __device__ TwoRows(const float* of, int first) {
    const int g = first + static_cast<int>(threadIdx.x) % warp_size / 4;
    x[0] = of[g], x[1] = of[g + 8];
  }
  /// Row 0 to 15 of the warp.
  __device__ float operator[](int row) const { return x[row / 8]; }
};

template <int n>
__device__ float largest(const float (&d)[n][4]) {
  float most = 0;
#pragma unroll
  for (int j = 0; j < n; ++j)
#pragma unroll
    for (int e = 0; e < 4; ++e) most = fmaxf(most, fabsf(d[j][e]));
  return most;
}

/// The state (keys, slab) over the warps' registers: unit u is 16 keys by 16 columns, warp w has units w, w + 4, ...
template <int keys>
struct SlabState {
  static constexpr int units = keys / 8 / warps;
  float x[units][2][4];

  /// f(key, column, a, b) for the thread's pairs of neighbours.
  template <class F>
  __device__ void pairs(F f) {
#pragma unroll
    for (int u = 0; u < units; ++u) {
      const int unit = threadIdx.x / warp_size + warps * u;
      for_pairs(x[u], [&](int i, int j, float& a, float& b) { f(unit / 2 * 16 + i, unit % 2 * 16 + j, a, b); });
    }
  }
  __device__ float largest() const {
    float most = 0;
#pragma unroll
    for (int u = 0; u < units; ++u) most = fmaxf(most, v4::largest(x[u]));
    return most;
  }
  __device__ void times(float factor) {
    pairs([&](int, int, float& a, float& b) { a *= factor, b *= factor; });
  }
  /// times(factor), and as fp16 to a tile and, unless null, to global memory, `row` halves apart.
  __device__ void keep(float factor, const WarpTile<fp16, keys, slab>& tile, fp16* to, std::size_t row) {
    pairs([&](int i, int j, float& a, float& b) {
      a *= factor, b *= factor;
      const std::uint32_t pair = to_fp16_pair(a, b);
      tile.put_pair(i, j, pair);
      if (to) store_pair(to + i * row + j, pair);
    });
  }
  /// += left^T right, both with `chunk` rows.  All units of a warp are of the same columns.
  template <class LeftTile, class RightTile>
  __device__ void add(const LeftTile& left, const RightTile& right) {
    const int w = threadIdx.x / warp_size;
#pragma unroll
    for (int step = 0; step < chunk / 16; ++step) {
      std::uint32_t a[4], b[4];
      load_right<false>(b, right.from(0, w % 2 * 16), step, 0);
#pragma unroll
      for (int u = 0; u < units; ++u) {
        LeftColumns<LeftTile>{left, (w + warps * u) / 2 * 16}.load(step, a);
        mma<fp16>(x[u][0], a, {b[0], b[1]});
        mma<fp16>(x[u][1], a, {b[2], b[3]});
      }
    }
  }
  /// Columns `column` on of the identity.
  __device__ void load_identity(int column) {
    pairs([&](int i, int j, float& a, float& b) { a = i == column + j ? 1.0f : 0.0f, b = i == column + j + 1 ? 1.0f : 0.0f; });
  }
  /// From or to (key_dim, value_dim) floats, this slab from `column` on; null: zero.
  __device__ void load(const float* from, int key_dim, int value_dim, int column) {
    pairs([&](int i, int j, float& a, float& b) {
      const float* row = from + static_cast<std::size_t>(i) * value_dim + column;
      a = from && i < key_dim && column + j < value_dim ? row[j] : 0.0f;
      b = from && i < key_dim && column + j + 1 < value_dim ? row[j + 1] : 0.0f;
    });
  }
  __device__ void store(float* to, int key_dim, int value_dim, int column, float factor) {
    pairs([&](int i, int j, float& a, float& b) {
      float* row = to + static_cast<std::size_t>(i) * value_dim + column;
      if (i < key_dim && column + j < value_dim) row[j] = factor * a;
      if (i < key_dim && column + j + 1 < value_dim) row[j + 1] = factor * b;
    });
  }
};

/// Largest of all threads' numbers; `places` holds one float a warp.  The barrier is the caller's: between put and get.
struct BlockMax {
  float* places;
  __device__ void put(float x) const {
    x = warp_max(x);
    if (threadIdx.x % warp_size == 0) places[threadIdx.x / warp_size] = x;
  }
  __device__ float get() const {
    float most = places[0];
    for (int w = 1; w < warps; ++w) most = fmaxf(most, places[w]);
    return most;
  }
};

}  // namespace v4
}  // namespace separatrix::SIMT
