// v6  the forward in one pass over the chunks: four warps of a block are a turn ahead and make keys, queries, A and P of the next chunk
//     (or load them where several blocks need the same), while four warps for each slab of values take the state through this one and
//     write o.  Between q, k, v and o nothing goes through memory but what the backward reads.
//     Long sequences of few heads and the backward are v5's.
//     Bytes of a token and head at 64/64: v4's three kernels 1,920; v6 1,280, of which 768 are kept for the backward; alone 512.  At
//     96/192: v4 4,224, v6 3,392, alone 2,432.
//     error of o as in v4's header: 2.9e-3, 1.3e-2, 9.9e-3
//     predicted at B 32 T 1024 H 4 64/64 by walking through the compiled code with assumed latencies: 6,200 cycles a turn, 17 turns:
//     55 to 60 us (a block alone: made in 4,500, gone through in 3,300; the shared memory's pipe: 42)    not measured
#include "kernels/gated_delta_rule/cuda_v4_launch.h"
#include "kernels/gated_delta_rule/cuda_v6_maker.h"
#include "kernels/gated_delta_rule/cuda_v6_scan.h"

namespace separatrix::SIMT {
namespace v6 {
namespace {

template <int keys>
constexpr std::size_t prepare_floats() {
  return Chunks<keys, 1>::floats + ChunkMaker<keys, 1>::floats;
}

/// grid (slots, value_heads): keys, queries, decays, A and P of every chunk.
template <int keys>
__global__ void __launch_bounds__(delta_threads, 2)
    prepare(const __grid_constant__ DeltaSizes s, const __grid_constant__ DeltaOptions o,
            const __grid_constant__ DeltaArguments<bf16> in, const __grid_constant__ v4::Saved saved) {
  const ChunkPlace at = place_of_slot(s, blockIdx.x);
  if (at.count <= 0) return;
  SharedPieces shared(shared_memory());
  const Chunks<keys, 1> chunks(shared);
  TokenGates gates;
  const ChunkMaker<keys, 1> maker(shared, s, o, in, chunks, Sequence(at), blockIdx.y, key_head_of(s, blockIdx.y), gates);
  maker.begin(0);
  maker.arrive();
  maker.put(0);
  source_barrier();
  const int h = blockIdx.y, kh = key_head_of(s, h);
  const auto slot = static_cast<std::size_t>(at.slot);
  keep_chunk(chunks, 0, saved, slot * s.value_heads + h, slot * s.key_heads + kh, h % (s.value_heads / s.key_heads) == 0);
}

template <int keys, int groups, bool made>
struct Fused {
  static constexpr int threads = (1 + groups) * delta_threads;
  using Source = std::conditional_t<made, ChunkMaker<keys, 2>, ChunkLoader<keys, 2>>;
  static constexpr std::size_t floats = Chunks<keys, 2>::floats + Source::floats + groups * ChunkScan<keys>::floats;
  /// All of them, from different places of the text.
  __device__ static void turn_barrier() { named_barrier(15, threads); }
};

/// grid (sequences, value_heads, slabs / groups), block (delta_threads, 1 + groups); threadIdx.y 0 is the source of the chunks.
template <int keys, int groups, bool made>
__global__ void __launch_bounds__(Fused<keys, groups, made>::threads, 1)
    fused(const __grid_constant__ DeltaSizes s, const __grid_constant__ DeltaOptions o,
          const __grid_constant__ DeltaArguments<bf16> in, const __grid_constant__ v4::Saved saved, Rows<bf16> out,
          float* final_state) {
  using Block = Fused<keys, groups, made>;
  const int h = blockIdx.y, kh = key_head_of(s, h);
  const Sequence sequence(s, blockIdx.x);
  SharedPieces shared(shared_memory());
  const Chunks<keys, 2> chunks(shared);
  if (threadIdx.y == 0) {
    if constexpr (made) {
      TokenGates gates;
      ChunkMaker<keys, 2>(shared, s, o, in, chunks, sequence, h, kh, gates).begin(0);
      for (int c = 0; sequence.has(c); ++c) {
        SharedPieces again(shared_memory() + forgotten(0));
        const Chunks<keys, 2> same(again);
        const ChunkMaker<keys, 2> maker(again, s, o, in, same, sequence, h, kh, gates);
        maker.arrive();
        maker.put(c);
        Block::turn_barrier();
      }
    } else {
      const ChunkLoader<keys, 2> loader{s, saved, chunks, sequence, h, kh};
      for (int c = 0; sequence.has(c); ++c) {
        loader.put(c);
        Block::turn_barrier();
      }
    }
  } else {
    const int part = static_cast<int>(threadIdx.y) - 1, column = (static_cast<int>(blockIdx.z) * groups + part) * slab;
    shared.take(static_cast<int>(Block::Source::floats + part * ChunkScan<keys>::floats));
    ChunkScan<keys> scan(shared, s, o, in, saved, sequence, h, column);
    const bool there = column < s.value_dim, keys_too = h % (s.value_heads / s.key_heads) == 0;
    if (there) scan.begin();
    for (int c = 0; sequence.has(c); ++c) {
      Block::turn_barrier();
      if (there) scan.turn(chunks, c, out);
      if (made && part == 0 && saved.inverse_) {  // the makers have more to do
        const auto slot = static_cast<std::size_t>(sequence.first_slot + c);
        keep_chunk(chunks, c, saved, slot * s.value_heads + h, slot * s.key_heads + kh, keys_too);
      }
    }
    if (there) scan.finish(final_state);
  }
}

constexpr int multiprocessors = 132;  // of an H200; a constant, so that a sum is in the same order on every GPU

/// Slabs of a block, and whether it makes its chunks.
struct Shape {
  int groups;
  bool made;
};
/// A turn takes as long as making a chunk, or about half of that where chunks are loaded; but making all of them first takes time and
/// memory too.  So a block makes its own where it has all values of its head and there are heads for half of the multiprocessors.
Shape shape_of(const DeltaSizes& s) {
  const int heads = s.sequences * s.value_heads, slabs = padded_values(s.value_dim) / slab;
  if (slabs <= 2 && 2 * heads >= multiprocessors) return {slabs, true};
  return {heads * slabs <= multiprocessors ? 1 : 2, false};
}
/// groups: slabs of a block; 0: by the sizes.
template <int groups>
Shape shape_with(const DeltaSizes& s) {
  return groups == 0 ? shape_of(s) : Shape{groups, padded_values(s.value_dim) <= groups * slab};
}

template <int keys, int groups>
void launch_passes(bool made, Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<bf16>& in, Rows<bf16> out,
                   float* final_state, const v4::Saved& saved) {
  const int blocks = (padded_values(s.value_dim) / slab + groups - 1) / groups;  // of one head
  const Dim3 grid{static_cast<unsigned>(s.sequences), static_cast<unsigned>(s.value_heads), static_cast<unsigned>(blocks)};
  const Dim3 threads{delta_threads, 1 + groups, 1};
  const auto go = [&](auto is) {
    constexpr bool is_made = decltype(is)::value;
    constexpr std::size_t shared = bytes(Fused<keys, groups, is_made>::floats);
    static_assert(shared <= most_shared_bytes);
    launch(stream, "delta_v6_fused", fused<keys, groups, is_made>, grid, threads, shared, s, o, in, saved, out, final_state);
  };
  if (made) return go(std::true_type{});
  make_all_chunks(stream, s, o, in, saved);
  go(std::false_type{});
}

bool in_pieces(const DeltaSizes& s) {
  return delta_v5().saved_size(s) > v4::Plan(s).saved_size();
}
/// What a forward alone needs: its chunks, where a block does not make its own.
template <int groups>
std::size_t alone_size(const DeltaSizes& s) {
  if (groups == 0 && in_pieces(s)) return delta_v5().saved_size(s);
  return shape_with<groups>(s).made ? 0 : v4::Plan(s).saved_size();
}

/// groups: slabs of a block; 0: by the sizes, and long sequences of few heads as v5.  alone: no backward follows.
template <int groups, bool alone>
void forward(Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<bf16>& in, Rows<bf16> out,
             float* final_state, float* saved_memory) {
  check_delta(s);
  if (groups == 0 && in_pieces(s)) return delta_v5().forward(stream, s, o, in, out, final_state, saved_memory);
  const Shape shape = shape_with<groups>(s);
  v4::Saved saved{};
  if (!alone || !shape.made) saved = v4::Plan(s).saved(saved_memory);
  if (alone) saved.values_ = saved.states_ = nullptr;
  v4::for_padded_keys(s.key_dim, [&](auto size) {
    constexpr int keys = decltype(size)::value;
    shape.groups == 1 ? launch_passes<keys, 1>(shape.made, stream, s, o, in, out, final_state, saved)
                      : launch_passes<keys, 2>(shape.made, stream, s, o, in, out, final_state, saved);
  });
}

template <int groups>
DeltaVersion<bf16> version() {
  DeltaVersion<bf16> version = groups > 0 ? delta_v4() : delta_v5();
  version.name = "v6_fused", version.forward = forward<groups, false>;
  version.alone_size = alone_size<groups>, version.forward_alone = forward<groups, true>;
  return version;
}

}  // namespace

void make_all_chunks(Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<bf16>& in,
                     const v4::Saved& saved) {
  const v4::Grids grids(s);
  v4::for_padded_keys(s.key_dim, [&](auto size) {
    constexpr int keys = decltype(size)::value;
    launch(stream, "delta_v6_prepare", prepare<keys>, grids.chunks, grids.threads, bytes(prepare_floats<keys>()), s, o, in, saved);
  });
}

}  // namespace v6

DeltaVersion<bf16> delta_v6() {
  return v6::version<0>();
}

const DeltaVersion<bf16>& delta_fused(int groups) {
  static const DeltaVersion<bf16> one = v6::version<1>(), two = v6::version<2>();
  if (groups != 1 && groups != 2) refuse("gated delta rule: no blocks of " + std::to_string(groups) + " slabs; 1 or 2");
  return groups == 1 ? one : two;
}

}  // namespace separatrix::SIMT
