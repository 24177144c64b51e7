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

/// A maker is made anew for every chunk; `gates` are handed from one to the next: the first warp's, of the chunk after.
template <int keys, int buffers>
struct ChunkMaker {
  using Keys = WarpTile<fp16, chunk, keys>;
  using Raw = WarpTile<bf16, chunk, keys>;
  static constexpr std::size_t floats = 2 * Raw::floats + 3 * Square::floats + chunk * leaf;
  const DeltaSizes& s;
  const DeltaOptions& o;
  const DeltaArguments<bf16>& in;
  const Chunks<keys, buffers>& chunks;
  Sequence sequence;
  int h, kh;  // value head, key head
  Raw raw_q, raw_k;
  SplitSquare l;
  Square a_low;
  float* diagonal;  // blocks of L, (4, leaf, leaf)
  TokenGates& gates;

  __device__ ChunkMaker(SharedPieces& shared, const DeltaSizes& sizes, const DeltaOptions& options,
                        const DeltaArguments<bf16>& arguments, const Chunks<keys, buffers>& made, const Sequence& of, int head,
                        int key_head, TokenGates& next)
      : s(sizes),
        o(options),
        in(arguments),
        chunks(made),
        sequence(of),
        h(head),
        kh(key_head),
        raw_q(shared),
        raw_k(shared),
        l{Square(shared), Square(shared)},
        a_low(shared),
        diagonal(shared.take(chunk * leaf)),
        gates(next) {}

  __device__ int warp() const { return forgotten(threadIdx.x / warp_size); }
  /// The first warp, which has the fewest pairs.
  __device__ bool has_decays() const { return threadIdx.x < warp_size; }

  /// Begins to copy the rows of a chunk; what lies beyond the row's `dim` stays as it is.
  __device__ void fetch_rows(Rows<const bf16> x, const ChunkPlace& at, const Raw& to) const {
    const int dim = s.key_dim, column = kh * dim;
    const bool aligned = dim % 8 == 0 && x.stride % 8 == 0 && reinterpret_cast<std::uintptr_t>(x.data) % 16 == 0;
#pragma unroll 1
    for (int e = forgotten(threadIdx.x); e < chunk * keys / 8; e += delta_threads) {
      const int i = e / (keys / 8), j = e % (keys / 8) * 8;
      if (i >= at.count || j >= dim) continue;
      const bf16* from = x.row(at.first + i) + column + j;
      if (aligned)
        copy_16_bytes(&to.at(i, j), from);
      else
#pragma unroll 1
        for (int b = 0; b < 8 && j + b < dim; ++b) to.at(i, j + b) = from[b];
    }
  }
  __device__ void fetch(int c) const {
    if (!sequence.has(c)) return;
    const ChunkPlace at = sequence.place(c);
    fetch_rows(in.q, at, raw_q), fetch_rows(in.k, at, raw_k);
  }
  __device__ void fetch_gates(int c) const {
    if (sequence.has(c)) gates.load(in.g, in.beta, sequence.place(c), h);
  }

  __device__ void put_decays(int c) const {
    chunks.decays(c).put([&](int i) { return gates.g[i % 2]; }, [&](int i) { return gates.beta[i % 2]; });
  }

  /// Before chunk c, which is made first.
  __device__ void begin(int c) const {
    const std::uint32_t zeros[4] = {0, 0, 0, 0};
    for (int e = threadIdx.x; e < chunk * keys / 8; e += delta_threads) {  // columns from `dim` on are never written
      const int i = e / (keys / 8), j = e % (keys / 8) * 8;
      store_8(&raw_q.at(i, j), zeros), store_8(&raw_k.at(i, j), zeros);
    }
    for (int e = threadIdx.x; e < chunk * chunk / 8; e += delta_threads)  // nor is what lies above the diagonal blocks of A and P
      for (int turn = 0; turn < buffers; ++turn)
        for (const Square& tile : {chunks.inverse(turn), chunks.p(turn)})
          store_8(&tile.at(e / (chunk / 8), e % (chunk / 8) * 8), zeros);
    fetch(c);  // a thread copies to where it has just written
    if (!has_decays()) return;
    fetch_gates(c);
    put_decays(c);
    fetch_gates(c + 1);
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
    const float scale = o.unit_keys ? 8 * v4::scale_below_1(sqrtf(sum)) : 1.0f;
    chunks.factors(c)[thread] = norm * v4::reciprocal_of_power(scale);
    chunks.norms(c)[thread] = norm;
    const Keys to = keys_row ? chunks.k(c) : chunks.q(c);
#pragma unroll
    for (int e = 0; e < keys / 8; ++e) {  // read again: kept in registers they would be too many
      std::uint32_t x[4];
      load_8(&raw.at(i, 8 * e), x);
#pragma unroll
      for (std::uint32_t& pair : x) pair = there ? to_fp16_pair(scale * of_pair<bf16>(pair, 0), scale * of_pair<bf16>(pair, 1)) : 0;
      store_8(&to.at(i, 8 * e), x);
    }
  }

  /// The block of P and L of rows first ... + 15 and columns column ... + 15, by one warp: L's diagonal ones in fp32, the others
  /// split.
  __device__ void pairs(int c, int first, int column) const {
    const int lane = forgotten(threadIdx.x % warp_size), g = lane / 4, t = lane % 4;
    const Keys q = chunks.q(c), k = chunks.k(c);
    const Square p = chunks.p(c);
    const Decays decays = chunks.decays(c);
    const float *q_factors = chunks.factors(c), *k_factors = q_factors + chunk;
    float kk[leaf / 8][4], qk[leaf / 8][4], high[2], low[2], of_l[2], of_p[2];
    clear(kk), clear(qk);
    multiply_two<true, keys / 16>(kk, LeftRows<Keys>{k, first}, qk, LeftRows<Keys>{q, first}, k.from(column, 0));
#pragma unroll
    for (int e = 0; e < 2; ++e) {
      const int i = first + g + 8 * e;
      high[e] = decays.high[i], low[e] = decays.low[i];
      of_l[e] = decays.beta[i] * k_factors[i], of_p[e] = o.query_scale * q_factors[i];
    }
#pragma unroll
    for (int n = 0; n < leaf / 8; ++n)
#pragma unroll
      for (int x = 0; x < 4; ++x) {
        const int e = x / 2, i = first + g + 8 * e, j = column + 8 * n + 2 * t + x % 2;
        const float gamma = (high[e] - decays.high[j]) + (low[e] - decays.low[j]);
        const float decay = exp_below_0(j <= i ? gamma : -INFINITY) * k_factors[j];
        kk[n][x] = j < i ? of_l[e] * decay * kk[n][x] : 0.0f;
        qk[n][x] = of_p[e] * decay * qk[n][x];
      }
    for_pairs(qk, [&](int row, int j, float& a, float& b) { p.put_pair(first + row, column + j, to_fp16_pair(a, b)); });
    float* block = diagonal + first * leaf;
    for_pairs(kk, [&](int row, int j, float& a, float& b) {
      if (column < first)
        l.put_pair(first + row, column + j, a, b);
      else
        block[row * leaf + j] = a, block[row * leaf + j + 1] = b;
    });
  }

  /// Chunk c, and the decays of the one behind it.  Begins to copy the rows of that one.
  __device__ void put(int c) const {
    const SplitSquare a{chunks.inverse(c), a_low};
    const int w = warp(), first = w * leaf;
    arrive_copies();
    source_barrier();
    pack(c, sequence.place(c));
    source_barrier();
    fetch(c + 1);
    pairs(c, first, first);  // what this warp inverts
#pragma unroll 1
    for (int row = 1; row < v4::warps; ++row) {  // and, of the six blocks left of the diagonal, those with row + column = w mod 4
      const int column = (w + v4::warps - row) % v4::warps;
      if (column < row) pairs(c, row * leaf, column * leaf);
    }
    __syncwarp();
    invert_leaf(diagonal + first * leaf, a, first);
    if (has_decays()) {
      put_decays(c + 1);
      fetch_gates(c + 2);
    }
    source_barrier();
    if (w < 2) merge<leaf>(a, l, 2 * w * leaf, 0, 0);
    source_barrier();
    merge<2 * leaf>(a, l, 0, w / 2 * 16, w % 2 * 16);
  }

  /// Chunk c to global memory; behind a barrier.
  __device__ void keep(int c, const v4::Saved& saved) const {
    const auto slot = static_cast<std::size_t>(sequence.first_slot + c);
    const std::size_t head = slot * s.value_heads + h, key_head = slot * s.key_heads + kh;
    v4::keep(chunks.inverse(c), saved.inverse(head));
    v4::keep(chunks.p(c), saved.p(head));
    const float* numbers = chunks.decays(c).high;
    for (int e = forgotten(threadIdx.x); e < Decays::floats; e += delta_threads) saved.decays(head)[e] = numbers[e];
    if (h % (s.value_heads / s.key_heads) != 0) return;
    v4::keep(chunks.q(c), saved.q(key_head));
    v4::keep(chunks.k(c), saved.k(key_head));
    saved.factors(key_head)[threadIdx.x] = chunks.factors(c)[threadIdx.x];
    saved.norms(key_head)[threadIdx.x] = chunks.norms(c)[threadIdx.x];
  }
};

}  // namespace v6
}  // namespace separatrix::SIMT
