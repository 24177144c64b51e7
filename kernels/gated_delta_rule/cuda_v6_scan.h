// The state through the chunks of v6, and o on the way: four warps for one slab of a head's values.
#pragma once
#include "kernels/gated_delta_rule/cuda_v6_chunks.h"

namespace separatrix::SIMT {
namespace v6 {

/// A warp has 16 rows of every chunk.
template <int keys>
struct ChunkScan {
  using Keys = WarpTile<fp16, chunk, keys>;
  using Slab = WarpTile<fp16, chunk, slab>;
  using Sums = float[slab / 8][4];
  static constexpr std::size_t floats = WarpTile<fp16, keys, slab>::floats + 3 * Slab::floats + v4::warps;
  const DeltaSizes& s;
  const DeltaOptions& o;
  const DeltaArguments<bf16>& in;
  const v4::Saved& saved;  // nothing is kept where it has no states
  Sequence sequence;
  int n, h, column, barrier;
  int first = static_cast<int>(threadIdx.x) / warp_size * 16, values = static_cast<int>(saved.values);
  WarpTile<fp16, keys, slab> state_tile;
  Slab x_tile, values_tile, solved_tile;  // X, V', D o factors o V'
  v4::BlockMax most;                      // of the state and of v, before a turn
  v4::SlabState<keys> state;              // times `scale`
  v4::SlabRows raw_v;                     // of the next turn
  float scale = 1;

  /// threadIdx.y counts from 1.
  __device__ ChunkScan(SharedPieces shared, const DeltaSizes& sizes, const DeltaOptions& options,
                       const DeltaArguments<bf16>& arguments, const v4::Saved& kept, const Sequence& of, int head, int from)
      : s(sizes),
        o(options),
        in(arguments),
        saved(kept),
        sequence(of),
        n(static_cast<int>(blockIdx.x)),
        h(head),
        column(from),
        barrier(1 + static_cast<int>(threadIdx.y)),
        state_tile(shared),
        x_tile(shared),
        values_tile(shared),
        solved_tile(shared),
        most{shared.take(v4::warps)} {}

  __device__ std::size_t own() const { return (static_cast<std::size_t>(n) * s.value_heads + h) * s.key_dim * s.value_dim; }
  __device__ bool keeps() const { return saved.states_ != nullptr; }
  __device__ void wait() const { named_barrier(barrier, delta_threads); }

  /// What chunk c's turn begins with: v in registers, and its largest number and the state's.
  __device__ void fetch_values(int c) {
    if (sequence.has(c)) raw_v.load(in.v, sequence.place(c), h * s.value_dim + column, s.value_dim - column);
  }
  __device__ void put_most() const {
    Sums v;
    raw_v.to_sums(v);
    most.put(fmaxf(v4::largest(v), state.largest() * v4::reciprocal_of_power(scale)));
  }
  __device__ void begin() {
    state.load(in.state ? in.state + own() : nullptr, s.key_dim, s.value_dim, column);
    fetch_values(0);
    put_most();
  }

  /// The state to its tile, in this turn's scale.
  __device__ void rescale(std::size_t head) {
    const float before = scale;
    scale = v4::scale_below_1(most.get());
    state.keep(scale * v4::reciprocal_of_power(before), state_tile, keeps() ? saved.state(head) + column : nullptr, saved.values);
    if (keeps() && threadIdx.x == 0) saved.scales(head)[column / slab] = scale;
  }
  /// erased: K S -> X = B V - B E o (K S), to its tile
  __device__ void put_x(const Decays& decays, const float* factors, Sums& erased) const {
    Sums v;
    raw_v.to_sums(v);
    for_both(erased, v, [&](int row, int, float& x, float y) {
      const int i = first + row;
      const float beta = decays.beta[i];
      x = scale * (o.write_beta ? beta : 1.0f) * y - beta * decays.from_start[i] * factors[i] * x;
    });
    for_pairs(erased, [&](int row, int j, float& a, float& b) { x_tile.put_pair(first + row, j, to_fp16_pair(a, b)); });
  }
  /// V' to its tiles, and what the backward reads.
  __device__ void put_solved(const Decays& decays, const float* factors, Sums& solved, std::size_t head) const {
    fp16* kept = keeps() ? saved.value_rows(head) + column : nullptr;
    const int g = first + static_cast<int>(threadIdx.x) % warp_size / 4;
    const float upper = decays.to_end[g] * factors[g], lower = decays.to_end[g + 8] * factors[g + 8];
    for_pairs(solved, [&](int row, int j, float& a, float& b) {
      const int i = first + row;
      const std::uint32_t pair = to_fp16_pair(a, b);
      values_tile.put_pair(i, j, pair);
      if (kept) store_pair(kept + i * values + j, pair);
      const float factor = row < 8 ? upper : lower;
      solved_tile.put_pair(i, j, to_fp16_pair(factor * a, factor * b));
    });
  }

  __device__ void turn(const Chunks<keys, 2>& chunks, int c, Rows<bf16> out) {
    const ChunkPlace at = sequence.place(c);
    const std::size_t head = static_cast<std::size_t>(at.slot) * s.value_heads + h;
    const Decays decays = chunks.decays(c);
    const Keys k = chunks.k(c), q = chunks.q(c);
    const Square inverse = chunks.inverse(c), p = chunks.p(c);
    const float *q_factors = chunks.factors(c), *k_factors = q_factors + chunk;
    Sums sums, o_sums;
    rescale(head);
    wait();
    clear(sums), clear(o_sums);
    multiply_two<false, keys / 16>(sums, LeftRows<Keys>{k, first}, o_sums, LeftRows<Keys>{q, first}, state_tile);
    put_x(decays, k_factors, sums);
    fetch_values(c + 1);
    for_elements(o_sums,
                 [&](int row, int, float& x) { x *= decays.from_start[first + row] * (o.query_scale * q_factors[first + row]); });
    wait();
    clear(sums);  // rows of A and P end at the diagonal
    multiply<false, chunk / 16>(sums, LeftRows<Square>{inverse, first}, x_tile, 0, first / 16 + 1);
    put_solved(decays, k_factors, sums, head);
    wait();
    multiply<false, chunk / 16>(o_sums, LeftRows<Square>{p, first}, values_tile, 0, first / 16 + 1);
    v4::write_rows(o_sums, at, h * s.value_dim + column, s.value_dim - column, v4::reciprocal_of_power(scale), out);
    state.times(decays.whole());
    state.add(k, solved_tile);
    put_most();
  }

  __device__ void finish(float* final_state) {
    if (final_state) state.store(final_state + own(), s.key_dim, s.value_dim, column, v4::reciprocal_of_power(scale));
  }
};

}  // namespace v6
}  // namespace separatrix::SIMT
