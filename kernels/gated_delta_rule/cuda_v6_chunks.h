// Where v6 has its chunks from: four warps make keys, queries, decays, A and P of one chunk after the other in shared memory, or
// load what an earlier kernel has made.
#pragma once
#include "kernels/gated_delta_rule/cuda_v6_inverse.h"

namespace separatrix::SIMT {
namespace v6 {

/// The threads that make or load chunks; where there are two such groups, each for itself.
__device__ inline void source_barrier(int group = 0) {
  named_barrier(1 + group, delta_threads);
}

__device__ inline int key_head_of(const DeltaSizes& s, int h) {
  return h / (s.value_heads / s.key_heads);
}

/// Chunks in shared memory, `buffers` in turn, made by `makers` groups in turn.  Keys, queries and their factors as in v4::Saved;
/// A, P; a maker has the decays of its next chunk before this one is done with, so that there are more of them.
template <int keys, int buffers, int makers = 1>
struct Chunks {
  using Keys = WarpTile<fp16, chunk, keys>;
  static constexpr int numbers = Decays::floats + 4 * chunk, turns = buffers == 1 ? 1 : buffers + makers;
  static constexpr std::size_t floats = buffers * (2 * Keys::floats + 2 * Square::floats) + turns * numbers;
  Keys q_, k_;
  Square inverse_, p_;
  float* numbers_;
  __device__ explicit Chunks(SharedPieces& shared)
      : q_(shared, buffers),
        k_(shared, buffers),
        inverse_(shared, buffers),
        p_(shared, buffers),
        numbers_(shared.take(turns * numbers)) {}

  __device__ Keys q(int c) const { return q_.number(c % buffers); }
  __device__ Keys k(int c) const { return k_.number(c % buffers); }
  __device__ Square inverse(int c) const { return inverse_.number(c % buffers); }
  __device__ Square p(int c) const { return p_.number(c % buffers); }
  __device__ Decays decays(int c) const { return Decays(numbers_ + c % turns * numbers); }
  /// Of q, then of k; so are the norms, which only ChunkMaker has.
  __device__ float* factors(int c) const { return numbers_ + c % turns * numbers + Decays::floats; }
  __device__ float* norms(int c) const { return factors(c) + 2 * chunk; }
};

/// A chunk to global memory, by four warps behind a barrier; `keys_too`: keys and queries, once for the heads that share them.
template <int keys, int buffers, int makers>
__device__ void keep_chunk(const Chunks<keys, buffers, makers>& chunks, int c, const v4::Saved& saved, std::size_t head,
                           std::size_t key_head, bool keys_too) {
  v4::keep(chunks.inverse(c), saved.inverse(head));
  v4::keep(chunks.p(c), saved.p(head));
  const float* numbers = chunks.decays(c).high;
  for (int e = forgotten(threadIdx.x); e < Decays::floats; e += delta_threads) saved.decays(head)[e] = numbers[e];
  if (!keys_too) return;
  v4::keep(chunks.q(c), saved.q(key_head));
  v4::keep(chunks.k(c), saved.k(key_head));
  saved.factors(key_head)[threadIdx.x] = chunks.factors(c)[threadIdx.x];
  saved.norms(key_head)[threadIdx.x] = chunks.norms(c)[threadIdx.x];
}

/// Loads what keep_chunk has written.
template <int keys, int buffers>
struct ChunkLoader {
  static constexpr std::size_t floats = 0;
  const DeltaSizes& s;
  const v4::Saved& saved;
  const Chunks<keys, buffers>& chunks;
  Sequence sequence;
  int h, kh;

  /// Chunk c; another thread sees it after a barrier.
  __device__ void put(int c) const {
    const auto slot = static_cast<std::size_t>(sequence.first_slot + c);
    const std::size_t head = slot * s.value_heads + h, key_head = slot * s.key_heads + kh;
    v4::stage<chunk, keys>(saved.k(key_head), keys, chunks.k(c));
    v4::stage<chunk, keys>(saved.q(key_head), keys, chunks.q(c));
    v4::stage<chunk, chunk>(saved.inverse(head), chunk, chunks.inverse(c));
    v4::stage<chunk, chunk>(saved.p(head), chunk, chunks.p(c));
    v4::stage_floats(saved.decays(head), Decays::floats, chunks.decays(c).high);
    v4::stage_floats(saved.factors(key_head), 2 * chunk, chunks.factors(c));
    arrive_copies();
  }
};

/// Every chunk to `saved`, a block each.
void make_all_chunks(Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<bf16>& in,
                     const v4::Saved& saved);

}  // namespace v6
}  // namespace separatrix::SIMT
