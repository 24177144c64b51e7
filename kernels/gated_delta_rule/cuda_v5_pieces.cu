// v5  v4 with long sequences in pieces (cuda_v4_pieces.h): one sequence of few heads gives v4's scans too few blocks for the GPU, and
//     they go through its chunks one after the other.  Where sequences are not split it is v4, bit for bit.
//     Steps one after the other, of a forward over C chunks in pieces of 16: 32 chunks and C / 16 - 2 products in join, instead of C;
//     the work of the scans is 2 + keys / values times v4's.
//     error of o as in v4's header, pieces of 4 chunks: 2.9e-3, 1.2e-2, 7.5e-3
//     predicted at B 1 T 65536 H 4 64/64: a tenth of v4's scans    not measured
#include "kernels/gated_delta_rule/cuda_v4_forward.h"
#include "kernels/gated_delta_rule/cuda_v4_launch.h"
#include "kernels/gated_delta_rule/cuda_v4_scan_back.h"

namespace separatrix::SIMT {
namespace v5 {
namespace {

constexpr int multiprocessors = 132;  // of an H200; a constant, so that a sum is in the same order on every GPU
constexpr int piece_chunks = 16;

int chunks_at_most(const DeltaSizes& s) {
  return ((s.starts ? s.tokens : s.length) + chunk - 1) / chunk;
}

/// Chunks of a piece; 0: not in pieces.
int piece_of(const DeltaSizes& s) {
  const int blocks = s.sequences * s.value_heads * (padded_values(s.value_dim) / slab);
  return chunks_at_most(s) > 2 * piece_chunks && 2 * blocks <= multiprocessors ? piece_chunks : 0;
}

/// v4's memory, then that of the pieces.
struct Plan {
  v4::Plan whole;
  v4::Pieces pieces;
  std::size_t state_floats = 0, transition_floats = 0;

  Plan(const DeltaSizes& s, int piece) : whole(s) {
    if (piece == 0) return;
    pieces.chunks = piece, pieces.count = (chunks_at_most(s) + pieces.chunks - 1) / pieces.chunks;
    const auto all = static_cast<std::size_t>(s.sequences) * s.value_heads * pieces.count;
    state_floats = all * s.key_dim * s.value_dim, transition_floats = all * s.key_dim * s.key_dim;
  }
  bool split() const { return pieces.count > 1; }
  std::size_t saved_size() const { return whole.saved_size() + state_floats + transition_floats; }
  std::size_t scratch_size() const { return whole.scratch_size() + state_floats; }
  v4::Pieces forward_pieces(float* saved) const {
    v4::Pieces p = pieces;
    p.states = saved + whole.saved_size(), p.transitions = p.states + state_floats;
    return p;
  }
  v4::Pieces backward_pieces(float* saved, float* scratch) const {
    v4::Pieces p = forward_pieces(saved);
    p.d_states = scratch + whole.scratch_size();
    return p;
  }
};

/// Blocks of `join`.
Dim3 joins(const DeltaSizes& s) {
  return {static_cast<unsigned>(s.sequences), static_cast<unsigned>(s.value_heads),
          static_cast<unsigned>((s.value_dim + v4::join_columns - 1) / v4::join_columns)};
}

/// piece: chunks of a piece; 0: by the sizes.
template <int piece>
Plan plan_of(const DeltaSizes& s) {
  return Plan(s, piece > 0 ? piece : piece_of(s));
}

template <int piece>
void forward(Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<bf16>& in, Rows<bf16> out,
             float* final_state, float* saved_memory) {
  check_delta(s);
  const Plan plan = plan_of<piece>(s);
  const v4::Saved saved = plan.whole.saved(saved_memory);
  const v4::Pieces pieces = plan.forward_pieces(saved_memory);
  v4::prepare_chunks(stream, s, o, in, saved);
  if (plan.split()) v4::for_padded_keys(s.key_dim, [&](auto size) {
      constexpr int keys = decltype(size)::value;
      v4::Grids grid(s, pieces);
      grid.scans.z += static_cast<unsigned>((s.key_dim + slab - 1) / slab);
      launch(stream, "delta_v5_scan", v4::scan<keys, true>, grid.scans, grid.threads, bytes(v4::scan_floats<keys>()), s, o, in,
             saved, pieces, nullptr);
      launch(stream, "delta_v5_join", v4::join<keys, false>, joins(s), grid.threads, bytes(v4::join_floats<keys>()), s, pieces);
    });
  v4::forward_from(pieces, stream, s, o, in, out, final_state, saved);
}

template <int piece>
void backward(Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<bf16>& in, const float* saved_memory,
              Rows<const bf16> d_out, const float* d_final_state, const DeltaGradients<bf16>& d_in, float* scratch_memory) {
  check_delta(s);
  const Plan plan = plan_of<piece>(s);
  float* read_only = const_cast<float*>(saved_memory);
  const v4::Saved saved = plan.whole.saved(read_only);
  const v4::Scratch scratch = plan.whole.scratch(scratch_memory);
  const v4::Pieces pieces = plan.backward_pieces(read_only, scratch_memory);
  if (plan.split()) v4::for_padded_keys(s.key_dim, [&](auto size) {
      constexpr int keys = decltype(size)::value;
      const v4::Grids grid(s, pieces);
      launch(stream, "delta_v5_scan_back", v4::scan_back<keys, true>, grid.scans, grid.threads, bytes(v4::scan_back_floats<keys>()),
             s, o, saved, pieces, d_out, d_final_state, d_in.v, nullptr, scratch);
      launch(stream, "delta_v5_join_back", v4::join<keys, true>, joins(s), grid.threads, bytes(v4::join_floats<keys>()), s, pieces);
    });
  v4::backward_from(pieces, stream, s, o, in, saved, d_out, d_final_state, d_in, scratch);
}

template <int piece>
DeltaVersion<bf16> version() {
  return {"v5_pieces",
          11,
          [](const DeltaSizes& s) { return plan_of<piece>(s).saved_size(); },
          [](const DeltaSizes& s) { return plan_of<piece>(s).scratch_size(); },
          forward<piece>,
          backward<piece>};
}

}  // namespace
}  // namespace v5

DeltaVersion<bf16> delta_v5() {
  return v5::version<0>();
}

const DeltaVersion<bf16>& delta_in_pieces(int chunks) {
  static const DeltaVersion<bf16> one = v5::version<1>(), two = v5::version<2>(), four = v5::version<4>(),
                                  sixteen = v5::version<v5::piece_chunks>();
  switch (chunks) {
    case 1:
      return one;
    case 2:
      return two;
    case 4:
      return four;
    case v5::piece_chunks:
      return sixteen;
    default:
      refuse("gated delta rule: no pieces of " + std::to_string(chunks) + " chunks; 1, 2, 4 or 16");
  }
}

}  // namespace separatrix::SIMT
