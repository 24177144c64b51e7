// The passes of v4, which v5 runs over pieces of the sequences too.
#pragma once
#include "kernels/gated_delta_rule/cuda_launch.h"
#include "kernels/gated_delta_rule/cuda_v4_pieces.h"

namespace separatrix::SIMT {
namespace v4 {

/// f(integral_constant<int, v4::padded_keys(key_dim)>)
template <class F>
void for_padded_keys(int key_dim, F f) {
  for_keys(key_dim, [&](auto size) {
    constexpr int keys = decltype(size)::value;
    f(std::integral_constant<int, (keys < least_keys ? least_keys : keys)>{});
  });
}

struct Grids {
  Dim3 chunks, scans, keys, threads{delta_threads, 1, 1};
  explicit Grids(const DeltaSizes& s, const Pieces& pieces = {}) {
    const auto slots = static_cast<unsigned>(slot_count(s)), heads = static_cast<unsigned>(s.value_heads);
    chunks = {slots, heads, 1}, keys = {slots, static_cast<unsigned>(s.key_heads), 1};
    scans = {static_cast<unsigned>(s.sequences * pieces.count), heads, static_cast<unsigned>(padded_values(s.value_dim) / slab)};
  }
};

/// Keys, decays and A of every chunk.
void prepare_chunks(Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<bf16>& in, const Saved& saved);
/// What follows them; `pieces` hold the states before pieces 1, 2, ...
void forward_from(const Pieces& pieces, Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<bf16>& in,
                  Rows<bf16> out, float* final_state, const Saved& saved);
/// `pieces` hold the gradients after pieces 0, 1, ... but the last.
void backward_from(const Pieces& pieces, Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<bf16>& in,
                   const Saved& saved, Rows<const bf16> d_out, const float* d_final_state, const DeltaGradients<bf16>& d_in,
                   const Scratch& scratch);

}  // namespace v4
}  // namespace separatrix::SIMT
