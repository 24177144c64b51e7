// What the kernels of the chunked gated delta rule share: where a chunk lies, its rows in shared memory, its decays, and how
// `saved` and the scratch are laid out.  Notation: kernels/gated_delta_rule/chunk.h.
// A chunk has 64 rows; rows behind the end of a sequence are zero (beta too), which leaves states and sums unchanged.
#pragma once
#include "kernels/cuda/bf16.h"
#include "kernels/cuda/product.h"
#include "kernels/gated_delta_rule/cuda.h"

namespace separatrix::SIMT {

constexpr int chunk = 64;
constexpr int slab = 32;  // value columns that one block works on at a time
constexpr int delta_threads = 128;
constexpr int pad = 4;  // floats behind every row in shared memory: rows start in different banks
constexpr int chunk_row = chunk + pad, slab_row = slab + pad;

/// key_dim rounded up to what the kernels are compiled for.
inline int padded_keys(int key_dim) {
  return key_dim <= 16 ? 16 : key_dim <= 32 ? 32 : (key_dim + 31) / 32 * 32;
}
__host__ __device__ inline int padded_values(int value_dim) {
  return (value_dim + slab - 1) / slab * slab;
}

/// Chunks are numbered by slots: those of sequence n from first_slot(n) on, in order; a slot may stay empty.
__host__ __device__ inline int first_token(const DeltaSizes& s, int n) {
  return s.starts ? s.starts[n] : n * s.length;
}
__host__ __device__ inline int first_slot(const DeltaSizes& s, int n) {
  return s.starts ? s.starts[n] / chunk + n : n * ((s.length + chunk - 1) / chunk);
}
inline int slot_count(const DeltaSizes& s) {
  return s.starts ? s.tokens / chunk + s.sequences : first_slot(s, s.sequences);
}

struct ChunkPlace {
  int slot, first, count;  // rows first ... first + count - 1 of the batch
};
__device__ inline ChunkPlace place_of(const DeltaSizes& s, int n, int c) {
  const int first = first_token(s, n) + c * chunk, left = first_token(s, n + 1) - first;
  return {first_slot(s, n) + c, first, left < chunk ? left : chunk};
}
__device__ inline int chunks_of(const DeltaSizes& s, int n) {
  return (first_token(s, n + 1) - first_token(s, n) + chunk - 1) / chunk;
}
/// count <= 0: an empty slot.
__device__ inline ChunkPlace place_of_slot(const DeltaSizes& s, int slot) {
  int low = 0, high = s.sequences;  // the last n with first_slot(n) <= slot
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    (first_slot(s, middle) <= slot ? low : high) = middle;
  }
  return place_of(s, low, slot - first_slot(s, low));
}

/// One sequence of the batch; `starts` is read once.
struct Sequence {
  int first_slot, first, tokens;
  __device__ Sequence(const DeltaSizes& s, int n)
      : first_slot(SIMT::first_slot(s, n)), first(first_token(s, n)), tokens(first_token(s, n + 1) - first) {}
  /// One chunk alone.
  __device__ explicit Sequence(const ChunkPlace& at) : first_slot(at.slot), first(at.first), tokens(at.count) {}
  __device__ bool has(int c) const { return c * chunk < tokens; }
  __device__ ChunkPlace place(int c) const {
    const int left = tokens - c * chunk;
    return {first_slot + c, first + c * chunk, left < chunk ? left : chunk};
  }
};

/// What the forward keeps, per slot and value head: A and P (chunk, chunk), V' (chunk, values), S before the chunk (keys, values);
/// and per slot and key head 1 / |q|, 1 / |k| (2, chunk).
struct DeltaSaved {
  float *inverse, *p, *values, *states, *norms;
};
/// What the backward keeps for itself: dX (chunk, values), dS' (keys, values), dQ and dK of one value head (chunk, keys).
struct DeltaScratch {
  float *d_x, *d_states, *d_q, *d_k;
};

struct DeltaPlan {
  std::size_t heads, key_heads, keys, values;  // slots * heads; padded dims
  explicit DeltaPlan(const DeltaSizes& s)
      : heads(static_cast<std::size_t>(slot_count(s)) * s.value_heads),
        key_heads(static_cast<std::size_t>(slot_count(s)) * s.key_heads),
        keys(padded_keys(s.key_dim)),
        values(padded_values(s.value_dim)) {}
  DeltaSaved saved(float* p) const {
    DeltaSaved s;
    s.inverse = p;
    s.p = s.inverse + heads * chunk * chunk;
    s.values = s.p + heads * chunk * chunk;
    s.states = s.values + heads * chunk * values;
    s.norms = s.states + heads * keys * values;
    return s;
  }
  std::size_t saved_size() const { return heads * (2 * chunk * chunk + chunk * values + keys * values) + key_heads * 2 * chunk; }
  DeltaScratch scratch(float* p) const {
    DeltaScratch s;
    s.d_x = p;
    s.d_states = s.d_x + heads * chunk * values;
    s.d_q = s.d_states + heads * keys * values;
    s.d_k = s.d_q + heads * chunk * keys;
    return s;
  }
  std::size_t scratch_size() const { return heads * (chunk * values + keys * values + 2 * chunk * keys); }
};

/// exp(x) for x <= 0, to 2^-22 + 2^-24 |x| of it: one operation of the GPU instead of a dozen.
__device__ inline float exp_below_0(float x) {
  return power_of_two(1.44269504f * x);
}

/// gamma = high + low: gamma may be large where gamma_i - gamma_j is small.
struct Decays {
  static constexpr int floats = 5 * chunk;
  float *high, *low, *from_start, *to_end, *beta;  // (chunk) each: gamma, E, D, beta
  __device__ explicit Decays(float* p)
      : high(p), low(p + chunk), from_start(p + 2 * chunk), to_end(p + 3 * chunk), beta(p + 4 * chunk) {}

  /// By the first warp.  Needs a barrier before and after.
  __device__ void load(Rows<const float> g, Rows<const float> betas, const ChunkPlace& at, int head) {
    if (threadIdx.x >= warp_size) return;
    const auto of = [&](Rows<const float> x, int i) { return i < at.count ? x.row(at.first + i)[head] : 0.0f; };
    put([&](int i) { return of(g, i); }, [&](int i) { return of(betas, i); });
  }
  /// By one warp, two tokens a lane; g_of and beta_of are asked for tokens 2 lane and 2 lane + 1.
  template <class G, class Beta>
  __device__ void put(G g_of, Beta beta_of) {
    static_assert(chunk == 2 * warp_size);
    const int lane = threadIdx.x % warp_size, first = 2 * lane;
    // exp(-128) is 0 in float, so a stronger decay changes nothing; gamma stays finite.  NaN, of a gate below 0, stays (no fmaxf).
    const auto decay = [&](int i) {
      const float here = g_of(i);
      return static_cast<double>(here < -128.0f ? -128.0f : here);
    };
    const auto from_lane = [](double x, int l) { return __shfl_sync(0xffffffffu, x, l > 0 ? l : 0); };
    const double own[2] = {decay(first), decay(first + 1)};
    double sum = own[0] + own[1];  // then of all lanes up to this one
    for (int step = 1; step < warp_size; step *= 2) {
      const double before = from_lane(sum, lane - step);
      if (lane >= step) sum += before;
    }
    const double gamma_n = from_lane(sum, warp_size - 1), before = from_lane(sum, lane - 1);
    const double gamma[2] = {lane > 0 ? before + own[0] : own[0], sum};
    for (int e = 0; e < 2; ++e) {
      const int i = first + e;
      high[i] = static_cast<float>(gamma[e]);
      low[i] = static_cast<float>(gamma[e] - high[i]);
      from_start[i] = static_cast<float>(exp(gamma[e]));
      to_end[i] = expf(static_cast<float>(gamma_n - gamma[e]));
      beta[i] = beta_of(i);
    }
  }
  /// exp(gamma_n)
  __device__ float whole() const { return from_start[chunk - 1]; }
  /// G_ij for i >= j.
  __device__ float pair(int i, int j) const { return expf((high[i] - high[j]) + (low[i] - low[j])); }
};

/// to (chunk, row) = rows of x from column `column`, times `scale` and, if `norms` is there, the row's own factor; zero beyond
/// `dim` columns (up to `columns`) and beyond the sequence.
template <class T>
__device__ void load_rows(Rows<const T> x, const ChunkPlace& at, int column, int dim, int columns, float scale, const float* norms,
                          float* to, int row) {
  for (int e = threadIdx.x; e < chunk * columns; e += blockDim.x) {
    const int i = e / columns, j = e % columns;
    const bool there = i < at.count && j < dim;
    const float factor = norms && there ? norms[i] * scale : scale;
    to[i * row + j] = there ? factor * to_float(x.row(at.first + i)[column + j]) : 0.0f;
  }
}

/// norms_i = 1 / sqrt(|row i of x|^2 + 1e-6); one warp a row.
template <class T>
__device__ void row_norms(Rows<const T> x, const ChunkPlace& at, int column, int dim, float* norms) {
  const int lane = threadIdx.x % warp_size;
  for (int i = threadIdx.x / warp_size; i < chunk; i += blockDim.x / warp_size) {
    float sum = 0;
    for (int j = lane; j < dim; j += warp_size) {
      const float e = i < at.count ? to_float(x.row(at.first + i)[column + j]) : 0.0f;
      sum = fmaf(e, e, sum);
    }
    sum = warp_sum(sum);
    if (lane == 0) norms[i] = 1.0f / sqrtf(sum + 1e-6f);
  }
}

/// A block of rows kept in global memory without gaps (rows, from_row), columns [column, column + columns) of it.
__device__ inline void load_block(const float* from, int from_row, int column, int rows, int columns, float* to, int row) {
  for (int e = threadIdx.x; e < rows * columns; e += blockDim.x)
    to[e / columns * row + e % columns] = from[static_cast<std::size_t>(e / columns) * from_row + column + e % columns];
}

}  // namespace separatrix::SIMT
