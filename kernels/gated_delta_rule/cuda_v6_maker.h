// Makes the chunks of v6: keys, queries, decays, A and P of one chunk after the other, by four warps.
#pragma once
#include "kernels/gated_delta_rule/cuda_v6_chunks.h"

namespace separatrix::SIMT {
namespace v6 {

/// g and beta of a lane's two tokens 2 lane and 2 lane + 1.
struct TokenGates {
  float g[2], beta[2];
  __device__ void load(Rows<const float> gs, Rows<const float> betas, const ChunkPlace& at, int head) {
    for (int e = 0; e < 2; ++e) {
      const int i = threadIdx.x % warp_size * 2 + e;
      g[e] = i < at.count ? gs.row(at.first + i)[head] : 0.0f;
      beta[e] = i < at.count ? betas.row(at.first + i)[head] : 0.0f;
    }
  }
};

/// One of `makers` groups of four warps, each of which makes every makers-th chunk.  The object is made anew for every chunk;
/// `gates`, of the chunk after, go from one to the next.
template <int keys, int buffers, int makers = 1>
struct ChunkMaker {
  using Keys = WarpTile<fp16, chunk, keys>;
  using Raw = WarpTile<bf16, chunk, keys>;
  // Of one chunk alone L lies over the rows it was made of.
  static constexpr bool over = buffers == 1;
  static constexpr int rows_floats = over && 2 * Raw::floats < 2 * Square::floats ? 2 * Square::floats : 2 * Raw::floats;
  static constexpr std::size_t floats = rows_floats + (over ? 1 : 3) * Square::floats + chunk * leaf;
  const DeltaSizes& s;
  const DeltaOptions& o;
  const DeltaArguments<bf16>& in;
  const Chunks<keys, buffers, makers>& chunks;
  Sequence sequence;
  int h, kh;  // value head, key head
  Raw raw_q, raw_k;
  SplitSquare l;
  Square a_low;
  float* diagonal;  // blocks of L, (4, leaf, leaf)
  TokenGates& gates;
  int group;

  __device__ ChunkMaker(SharedPieces& shared, const DeltaSizes& sizes, const DeltaOptions& options,
                        const DeltaArguments<bf16>& arguments, const Chunks<keys, buffers, makers>& made, const Sequence& of,
                        int head, int key_head, TokenGates& next, int number = 0)
      : s(sizes),
        o(options),
        in(arguments),
        chunks(made),
        sequence(of),
        h(head),
        kh(key_head),
        raw_q(reinterpret_cast<bf16*>(shared.take(rows_floats))),
        raw_k(raw_q.data + Raw::rows * Raw::stride),
        l{over ? Square(reinterpret_cast<fp16*>(raw_q.data)) : Square(shared),
          over ? Square(reinterpret_cast<fp16*>(raw_q.data) + Square::rows * Square::stride) : Square(shared)},
        a_low(shared),
        diagonal(shared.take(chunk * leaf)),
        gates(next),
        group(number) {}

  __device__ int warp() const { return forgotten(threadIdx.x / warp_size); }
  /// One of the two warps that have a block of pairs less.
  __device__ bool has_decays() const { return threadIdx.x / warp_size == 2; }

  /// Begins to copy the rows of a chunk; what lies beyond the row's `dim` stays as it is.
  template <int threads>
  __device__ void fetch_rows(Rows<const bf16> x, const ChunkPlace& at, const Raw& to) const {
    const int dim = s.key_dim, column = kh * dim;
    const bool aligned = dim % 8 == 0 && x.stride % 8 == 0 && reinterpret_cast<std::uintptr_t>(x.data) % 16 == 0;
    constexpr int across = keys / 8, used = threads / across * across, step = used / across;
    const int thread = forgotten(threadIdx.x), first = thread / across, j = thread % across * 8;
    if (thread >= used || j >= dim) return;
    const bf16* from = x.row(at.first + first) + column + j;
    if (aligned) {
#pragma unroll
      for (int i = 0; i < chunk; i += step)
        if (first + i < at.count && (chunk % step == 0 || first + i < chunk))
          copy_16_bytes(&to.at(first + i, j), from + i * x.stride);
    } else
#pragma unroll 1
      for (int i = first; i < at.count; i += step, from += step * x.stride)
#pragma unroll 1
        for (int b = 0; b < 8 && j + b < dim; ++b) to.at(i, j + b) = from[b];
  }
  /// By the first `threads` threads.
  template <int threads>
  __device__ void fetch(int c) const {
    if (!sequence.has(c)) return;
    const ChunkPlace at = sequence.place(c);
    fetch_rows<threads>(in.q, at, raw_q), fetch_rows<threads>(in.k, at, raw_k);
  }
  __device__ void fetch_gates(int c) const {
    if (sequence.has(c)) gates.load(in.g, in.beta, sequence.place(c), h);
  }

  __device__ void put_decays(int c) const {
    chunks.decays(c).put([&](int i) { return gates.g[i % 2]; }, [&](int i) { return gates.beta[i % 2]; });
  }

  __device__ void wait() const {
    source_barrier(group);
  }

  /// Before chunk c, which is made first.
  __device__ void begin(int c) const {
    const std::uint32_t zeros[4] = {0, 0, 0, 0};
    for (int e = threadIdx.x; e < chunk * keys / 8; e += delta_threads) {  // columns from `dim` on are never written
      const int i = e / (keys / 8), j = e % (keys / 8) * 8;
      store_8(&raw_q.at(i, j), zeros), store_8(&raw_k.at(i, j), zeros);
    }
    for (int e = threadIdx.x; e < chunk * chunk / 8; e += delta_threads) {  // nor is what lies above the diagonal blocks of A and P
      const int i = e / (chunk / 8), j = e % (chunk / 8) * 8;
      for (int turn = group; turn < buffers; turn += makers)
        store_8(&chunks.inverse(turn).at(i, j), zeros), store_8(&chunks.p(turn).at(i, j), zeros);
      store_8(&a_low.at(i, j), zeros);
    }
    wait();
    fetch<delta_threads>(c);
    if (!has_decays() || !sequence.has(c)) return;
    fetch_gates(c);
    put_decays(c);
    fetch_gates(c + makers);
  }

  /// Rows as fp16 times a power of two that brings their norm to [4, 8): exact but for elements 2^-18 of it.  A thread has one row.
  __device__ void pack(int c, const ChunkPlace& at) const {
    const int thread = forgotten(threadIdx.x), i = thread % chunk;
    const bool keys_row = thread >= chunk;
    const Raw raw(keys_row ? raw_k.data : raw_q.data);  // a copy: the address of a member would put the maker into memory
    const bool there = i < at.count;
    float sums[4] = {0, 0, 0, 0};
#pragma unroll
    for (int e = 0; e < keys / 8; ++e) {
      std::uint32_t x[4];
      load_8(&raw.at(i, 8 * e), x);
#pragma unroll
      for (int m = 0; m < 4; ++m) {
        const float a = of_pair<bf16>(x[m], 0), b = of_pair<bf16>(x[m], 1);
        sums[m] = fmaf(a, a, sums[m]), sums[m] = fmaf(b, b, sums[m]);
      }
    }
    const float sum = there ? (sums[0] + sums[1]) + (sums[2] + sums[3]) : 0.0f;
    const float norm = o.unit_keys ? 1.0f / sqrtf(sum + 1e-6f) : 1.0f;
    const float scale = o.unit_keys ? 8 * v4::scale_of_root(sum) : 1.0f;
    chunks.factors(c)[thread] = norm * v4::reciprocal_of_power(scale);
    chunks.norms(c)[thread] = norm;
    const Keys to = keys_row ? chunks.k(c) : chunks.q(c);
#pragma unroll
    for (int e = 0; e < keys / 8; e += 4) {
      std::uint32_t x[4][4];
#pragma unroll
      for (int b = 0; b < 4; ++b) load_8(&raw.at(i, 8 * (e + b)), x[b]);
#pragma unroll
      for (int b = 0; b < 4; ++b) {
        for (std::uint32_t& pair : x[b])
          pair = there ? to_fp16_pair(scale * of_pair<bf16>(pair, 0), scale * of_pair<bf16>(pair, 1)) : 0;
        store_8(&to.at(i, 8 * (e + b)), x[b]);
      }
    }
  }

  /// Blocks of P and L, 16 rows from 16 rows[b] and columns from 16 columns[b] on, by one warp; several at once fill each other's
  /// waits.  L's diagonal blocks in fp32, the others split.
  template <int count>
  __device__ void pairs(int c, const int (&rows)[count], const int (&columns)[count]) const {
    const int lane = forgotten(threadIdx.x % warp_size), g = lane / 4, t = lane % 4;
    const Keys q = chunks.q(c), k = chunks.k(c);
    const Square p = chunks.p(c);
    const Decays decays = chunks.decays(c);
    const float *q_factors = chunks.factors(c), *k_factors = q_factors + chunk;
    float kk[count][leaf / 8][4], qk[count][leaf / 8][4];
#pragma unroll
    for (int b = 0; b < count; ++b) {
      const int first = rows[b] * leaf;
      clear(kk[b]), clear(qk[b]);
      multiply_two<true, keys / 16>(kk[b], LeftRows<Keys>{k, first}, qk[b], LeftRows<Keys>{q, first}, k.from(columns[b] * leaf, 0));
    }
#pragma unroll
    for (int b = 0; b < count; ++b)
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        const int i = rows[b] * leaf + g + 8 * e;
        const float high = decays.high[i], low = decays.low[i];
        const float of_l = decays.beta[i] * k_factors[i], of_p = o.query_scale * q_factors[i];
#pragma unroll
        for (int n = 0; n < leaf / 8; ++n)
#pragma unroll
          for (int x = 2 * e; x < 2 * e + 2; ++x) {
            const int j = columns[b] * leaf + 8 * n + 2 * t + x % 2;
            const float gamma = (high - decays.high[j]) + (low - decays.low[j]);
            const float decay = exp_below_0(j <= i ? gamma : -INFINITY) * k_factors[j];
            kk[b][n][x] = j < i ? of_l * decay * kk[b][n][x] : 0.0f;
            qk[b][n][x] = of_p * decay * qk[b][n][x];
          }
      }
#pragma unroll
    for (int b = 0; b < count; ++b) {
      const int first = rows[b] * leaf, column = columns[b] * leaf;
      for_pairs(qk[b], [&](int row, int j, float& x, float& y) { p.put_pair(first + row, column + j, to_fp16_pair(x, y)); });
      float* block = diagonal + first * leaf;
      for_pairs(kk[b], [&](int row, int j, float& x, float& y) {
        if (column < first)
          l.put_pair(first + row, column + j, x, y);
        else
          block[row * leaf + j] = x, block[row * leaf + j + 1] = y;
      });
    }
  }

  /// The rows of the chunk are there.
  __device__ void arrive() const {
    arrive_copies();
    wait();
  }
  /// Chunk c, and the decays of this maker's next one, whose rows it begins to copy.
  __device__ void put(int c) const {
    const SplitSquare a{chunks.inverse(c), a_low};
    const int w = warp(), first = w * leaf;
    pack(c, sequence.place(c));
    wait();
    // The block that this warp inverts and, of the six left of the diagonal, those with row + column = w mod 4.
    const int row = w == 0 ? 3 : w == 1 ? 1 : 2;
    pairs<2>(c, {w, row}, {w, (w + v4::warps - row) % v4::warps});
    if (w % 2 == 1) pairs<1>(c, {3}, {(w + 1) % v4::warps});
    __syncwarp();
    invert_leaf(diagonal + first * leaf, a, first);
    // Warps 0 and 2 had a block less.
    if (w == 0) fetch<warp_size>(c + makers);
    if (has_decays() && sequence.has(c + makers)) {
      put_decays(c + makers);
      fetch_gates(c + 2 * makers);
    }
    wait();
    if (w < 2) merge<leaf>(a, l, 2 * w * leaf, 0, 0);
    wait();
    merge<2 * leaf>(a, l, 0, w / 2 * 16, w % 2 * 16);
  }
};

}  // namespace v6
}  // namespace separatrix::SIMT
