// v7  v6 with warps that own 16 values each instead of 16 rows of a slab (cuda_v7_scan.h): within a turn they wait for nobody, and the
//     right operands of 64 values are read four times, where v6's read them eight times and left ones too.  What was the scan's time
//     goes to a second group of makers: they make chunks by turns, three are in shared memory at once, and barriers of a slot each
//     (made, and free again) take the place of one barrier a turn for all.
//     Chunks are loaded where keys or values are too many for that.  Long sequences of few heads and the backward are v5's.
//     Bytes and errors as v6's.
//     predicted at B 32 T 1024 H 4 64/64 by counting the compiled code: a scheduler issues 1,850 instructions a turn for its warp of the
//     scan (1,350 where nothing is kept) and 1,650 for its two makers, a chunk each in two turns: 3,500 cycles a turn where v6 has
//     6,200, 35 to 40 us, beside 37 us of bytes (alone: 30 us)    not measured
#include "kernels/gated_delta_rule/cuda_v4_launch.h"
#include "kernels/gated_delta_rule/cuda_v6_maker.h"
#include "kernels/gated_delta_rule/cuda_v7_scan.h"

namespace separatrix::SIMT {
namespace v7 {
namespace {

constexpr int slots = 3, group_values = v4::warps * own_values;

/// groups: of four warps that take the state through; makers: groups that make chunks, 0: one that loads them.
template <int keys, int groups, int makers>
struct Fused {
  static constexpr bool made = makers > 0;
  static constexpr int sources = made ? makers : 1;
  static constexpr int threads = (sources + groups) * delta_threads;
  static constexpr int meeting = (1 + groups) * delta_threads;  // those who have to do with one chunk
  using All = v6::Chunks<keys, slots, sources>;
  using Maker = v6::ChunkMaker<keys, slots, sources>;
  static constexpr std::size_t floats = All::floats + (made ? sources * Maker::floats : 0) + groups * OwnScan<keys>::floats;
  // Barriers: 1 and 2 are the sources' own, then the pairs of warps of a slab, then the slots.
  static constexpr int pairs_from = 3, full_from = pairs_from + 2 * groups, free_from = full_from + slots;
  static_assert(free_from + slots <= 16 && floats * sizeof(float) <= most_shared_bytes);

  /// The source of chunk c may write to its slot.
  __device__ static void wait_free(int c, int source) {
    c < slots ? v6::source_barrier(source) : named_barrier(free_from + c % slots, meeting);
  }
  __device__ static void arrive_full(int c) { named_arrive(full_from + c % slots, meeting); }
  __device__ static void wait_full(int c) { named_barrier(full_from + c % slots, meeting); }
  __device__ static void arrive_free(int c) { named_arrive(free_from + c % slots, meeting); }
};

template <int keys, int groups, int makers>
__device__ void make_chunks(const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<bf16>& in, const Sequence& sequence,
                            int h) {
  using Block = Fused<keys, groups, makers>;
  using Maker = typename Block::Maker;
  const int group = static_cast<int>(threadIdx.y), kh = v6::key_head_of(s, h);
  v6::TokenGates gates;
  const auto with = [&](int zero, auto f) {  // places anew for every chunk, so that they stay out of registers
    SharedPieces shared(shared_memory() + zero);
    const typename Block::All chunks(shared);
    shared.take(group * static_cast<int>(Maker::floats));
    f(Maker(shared, s, o, in, chunks, sequence, h, kh, gates, group));
  };
  with(0, [&](const Maker& maker) { maker.begin(group); });
  for (int c = group; sequence.has(c); c += makers)
    with(forgotten(0), [&](const Maker& maker) {
      arrive_copies();
      Block::wait_free(c, group);
      maker.put(c);
      Block::arrive_full(c);
    });
}

/// grid (sequences, value_heads, groups of values / groups), block (delta_threads, sources + groups)
template <int keys, int groups, int makers>
__global__ void __launch_bounds__(Fused<keys, groups, makers>::threads, 1)
    fused(const __grid_constant__ DeltaSizes s, const __grid_constant__ DeltaOptions o,
          const __grid_constant__ DeltaArguments<bf16> in, const __grid_constant__ v4::Saved saved, Rows<bf16> out,
          float* final_state) {
  using Block = Fused<keys, groups, makers>;
  const int h = blockIdx.y, part = static_cast<int>(threadIdx.y) - Block::sources;
  if constexpr (Block::made) {
    if (part < 0) return make_chunks<keys, groups, makers>(s, o, in, Sequence(s, forgotten(blockIdx.x)), h);
  }
  SharedPieces shared(shared_memory());
  const typename Block::All chunks(shared);
  if constexpr (!Block::made) {
    if (part < 0) {
      const Sequence sequence(s, blockIdx.x);
      const v6::ChunkLoader<keys, slots> loader{s, saved, chunks, sequence, h, v6::key_head_of(s, h)};
      for (int c = 0; sequence.has(c); ++c) {
        Block::wait_free(c, 0);
        loader.put(c);
        Block::arrive_full(c);
      }
      return;
    }
  }
  shared.take((Block::made ? Block::sources * static_cast<int>(Block::Maker::floats) : 0) + part * OwnScan<keys>::floats);
  OwnPlace& place = OwnPlace::take(shared);
  place.sequence = Sequence(s, blockIdx.x);
  place.column = (static_cast<int>(blockIdx.z) * groups + part) * group_values + static_cast<int>(threadIdx.x) / warp_size * own_values;
  __syncwarp();
  const Sequence& sequence = place.sequence;
  OwnScan<keys> scan(shared, s, o, in, saved, place, h, Block::pairs_from + 2 * part);
  const bool there = scan.there();
  if (there) scan.begin();
  for (int c = 0; sequence.has(c); ++c) {
    Pairs<keys / 8> before;
    if (there) scan.prepare(c, before);
    Block::wait_full(c);
    if (there) scan.turn(chunks, c, before, out);
    if (Block::made && part == 0 && saved.inverse_) {  // the makers have more to do
      const int shared = s.value_heads / s.key_heads, kh = forgotten(h) / shared;
      const auto slot = static_cast<std::size_t>(sequence.first_slot + forgotten(c));
      v6::keep_chunk(chunks, c, saved, slot * s.value_heads + h, slot * s.key_heads + kh, kh * shared == h);
    }
    if (sequence.has(c + slots)) Block::arrive_free(c);
  }
  if (there) scan.finish(final_state);
}

constexpr int multiprocessors = 132;  // of an H200; a constant, so that a sum is in the same order on every GPU

enum class Source { by_sizes, made, loaded };

struct Shape {
  int groups, makers;
};
/// A block makes its own chunks where it has all values of its head and there are heads for half of the multiprocessors; with
/// two groups of values only one more has room for its registers.
template <Source source>
Shape shape_of(const DeltaSizes& s) {
  const int values = padded_values(s.value_dim);
  const bool few = source == Source::by_sizes && 2 * s.sequences * s.value_heads < multiprocessors;
  if (source == Source::loaded || few || v4::padded_keys(s.key_dim) > 64 || values > 2 * group_values) return {1, 0};
  return values <= group_values ? Shape{1, 2} : Shape{2, 1};
}

template <int keys, int groups, int makers>
void launch_fused(Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<bf16>& in, Rows<bf16> out,
                  float* final_state, const v4::Saved& saved) {
  using Block = Fused<keys, groups, makers>;
  const int blocks = (padded_values(s.value_dim) + groups * group_values - 1) / (groups * group_values);  // of one head
  const Dim3 grid{static_cast<unsigned>(s.sequences), static_cast<unsigned>(s.value_heads), static_cast<unsigned>(blocks)};
  if (!Block::made) v6::make_all_chunks(stream, s, o, in, saved);
  launch(stream, "delta_v7_fused", fused<keys, groups, makers>, grid, Dim3{delta_threads, Block::sources + groups, 1},
         bytes(Block::floats), s, o, in, saved, out, final_state);
}

template <int keys>
void launch_shape(const Shape& shape, Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<bf16>& in,
                  Rows<bf16> out, float* final_state, const v4::Saved& saved) {
  if constexpr (keys <= 64) {
    if (shape.makers == 2) return launch_fused<keys, 1, 2>(stream, s, o, in, out, final_state, saved);
    if (shape.makers == 1) return launch_fused<keys, 2, 1>(stream, s, o, in, out, final_state, saved);
  }
  launch_fused<keys, 1, 0>(stream, s, o, in, out, final_state, saved);
}

template <Source source>
bool in_pieces(const DeltaSizes& s) {
  return source == Source::by_sizes && delta_v5().saved_size(s) > v4::Plan(s).saved_size();
}
/// What a forward alone needs: its chunks, where a block does not make its own.
template <Source source>
std::size_t alone_size(const DeltaSizes& s) {
  if (in_pieces<source>(s)) return delta_v5().saved_size(s);
  return shape_of<source>(s).makers > 0 ? 0 : v4::Plan(s).saved_size();
}

/// alone: no backward follows.
template <Source source, bool alone>
void forward(Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<bf16>& in, Rows<bf16> out,
             float* final_state, float* saved_memory) {
  check_delta(s);
  if (in_pieces<source>(s)) return delta_v5().forward(stream, s, o, in, out, final_state, saved_memory);
  const Shape shape = shape_of<source>(s);
  v4::Saved saved{};
  if (!alone || shape.makers == 0) saved = v4::Plan(s).saved(saved_memory);
  if (alone) saved.values_ = saved.states_ = nullptr;
  v4::for_padded_keys(s.key_dim, [&](auto size) {
    launch_shape<decltype(size)::value>(shape, stream, s, o, in, out, final_state, saved);
  });
}

template <Source source>
DeltaVersion<bf16> version() {
  DeltaVersion<bf16> version = source == Source::by_sizes ? delta_v5() : delta_v4();
  version.name = "v7_fused", version.forward = forward<source, false>;
  version.alone_size = alone_size<source>, version.forward_alone = forward<source, true>;
  return version;
}

}  // namespace
}  // namespace v7

DeltaVersion<bf16> delta_v7() {
  return v7::version<v7::Source::by_sizes>();
}

const DeltaVersion<bf16>& delta_owned(bool made) {
  static const DeltaVersion<bf16> here = v7::version<v7::Source::made>(), before = v7::version<v7::Source::loaded>();
  return made ? here : before;
}

}  // namespace separatrix::SIMT
