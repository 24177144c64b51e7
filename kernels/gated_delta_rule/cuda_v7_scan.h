// The state through the chunks of v7, and o on the way, by warps that have 16 of a head's values each: the rows of S^T.  Everything
// that a token's value needs is then in the registers of one warp, sums of one product are left operands of the next, and only
// keys, queries, A and P are read from shared memory:
//   X^T = (B V)^T - (S^T K^T) B E     V'^T = X^T A^T     O^T = s [(S^T Q^T) E + V'^T P^T]     S'^T = e^{gamma_n} S^T + (V'^T D) K
// The two warps of a slab have one power of two (cuda_v4.h): what the backward reads is as v4 leaves it.
#pragma once
#include "kernels/gated_delta_rule/cuda_v6_chunks.h"
#include "kernels/gated_delta_rule/cuda_v7_rows.h"

namespace separatrix::SIMT {
namespace v7 {

/// What a warp works on; in shared memory and read anew in every turn, so that it takes no registers.
struct OwnPlace {
  Sequence sequence;
  int column;  // first of its values in the head
  __device__ static OwnPlace& take(SharedPieces& shared) {
    return reinterpret_cast<OwnPlace*>(shared.take(v4::warps * 4))[threadIdx.x / warp_size];
  }
};
static_assert(sizeof(OwnPlace) == 4 * sizeof(float));

template <int keys>
struct OwnScan {
  static constexpr int floats = v4::warps * (4 + TurnedTile::floats + 1);  // of four warps
  using Sums = float[chunk / 8][4];
  const DeltaSizes& s;
  const DeltaOptions& o;
  const DeltaArguments<bf16>& in;
  const v4::Saved& saved;  // nothing is kept where it has no states
  const OwnPlace& place;
  int warp = static_cast<int>(threadIdx.x) / warp_size;
  int n, h, pairs_from;
  TurnedTile tile;
  float* most;               // a warp: of v and the state before the turn
  float state[keys / 8][4];  // S^T, times `scale`
  OwnRows raw_v;             // of the next turn
  float scale = 1;

  /// Pairs of warps meet at barriers from `first_barrier` on.
  __device__ OwnScan(SharedPieces shared, const DeltaSizes& sizes, const DeltaOptions& options,
                     const DeltaArguments<bf16>& arguments, const v4::Saved& kept, const OwnPlace& own_place, int head,
                     int first_barrier)
      : s(sizes),
        o(options),
        in(arguments),
        saved(kept),
        place(own_place),
        n(static_cast<int>(blockIdx.x)),
        h(head),
        pairs_from(first_barrier),
        tile(shared.take(v4::warps * TurnedTile::floats) + warp * TurnedTile::floats),
        most(shared.take(v4::warps)) {}

  /// Whether this warp has any values; then the other one of its pair has too, perhaps only such as fill up a slab.
  __device__ bool there() const { return place.column < padded_values(s.value_dim); }
  __device__ bool keeps() const { return saved.states_ != nullptr; }
  __device__ std::size_t head_at(int c) const {
    return static_cast<std::size_t>(place.sequence.first_slot + forgotten(c)) * s.value_heads + h;
  }

  /// f(value, key, x) for the lane's elements of the state that exist.
  template <class F>
  __device__ void each(F f) {
    for_elements(state, [&](int i, int key, float& x) {
      if (key < s.key_dim && place.column + i < s.value_dim) f(place.column + i, key, x);
    });
  }
  __device__ std::size_t own() const { return (static_cast<std::size_t>(n) * s.value_heads + h) * s.key_dim * s.value_dim; }
  __device__ void begin() {
    clear(state);
    if (in.state)
      each([&](int value, int key, float& x) { x = in.state[own() + static_cast<std::size_t>(key) * s.value_dim + value]; });
    fetch_values(0);
  }
  __device__ void finish(float* final_state) {
    if (!final_state) return;
    const float factor = v4::reciprocal_of_power(scale);
    each([&](int value, int key, float& x) {
      final_state[own() + static_cast<std::size_t>(key) * s.value_dim + value] = factor * x;
    });
  }
  __device__ void fetch_values(int c) {
    if (place.sequence.has(c))
      tile.fetch(in.v, place.sequence.place(c), h * s.value_dim + place.column, s.value_dim - place.column, raw_v);
  }

  /// Before turn c, which may not have its chunk yet: v in the tile, and S^T rounded, both below 1 after `scale`.
  __device__ void prepare(int c, Pairs<keys / 8>& before) {
    float largest = v4::largest(state) * v4::reciprocal_of_power(scale);
#pragma unroll
    for (int i = 0; i < chunk / 16; ++i)
#pragma unroll
      for (int e = 0; e < 8; ++e) largest = fmaxf(largest, fabsf(of_pair<bf16>(raw_v.raw[i][e / 2], e % 2)));
    largest = warp_max(largest);
    if (threadIdx.x % warp_size == 0) most[warp] = largest;  // read before the warps wait for the chunk
    named_barrier(pairs_from + forgotten(warp) / 2, 2 * warp_size);
    const float scale_before = scale;
    scale = v4::scale_below_1(fmaxf(largest, most[warp ^ 1]));
    const float change = scale * v4::reciprocal_of_power(scale_before);
    for_elements(state, [&](int, int, float& x) { x *= change; });
    to_pairs<fp16>(state, before);
    if (keeps()) {
      tile.keep(before, saved.state(head_at(c)) + place.column, saved.values);
      if (warp % 2 == 0 && threadIdx.x % warp_size == 0) saved.scales(head_at(c))[place.column / slab] = scale;
    }
    tile.put(raw_v);
  }

  /// f(j, token) for every eight tokens of the lane's columns: token and token + 1 are its own.
  template <class F>
  __device__ static void for_tokens(F f) {
    const int t = forgotten(threadIdx.x) % 4;
#pragma unroll
    for (int j = 0; j < chunk / 8; ++j) f(j, 8 * j + 2 * t);
  }
  /// erased: S^T K^T; x: X^T rounded
  __device__ void to_x(const Sums& erased, const Decays& decays, const float* k_factors, Pairs<chunk / 8>& x) const {
    std::uint32_t v[4];
    for_tokens([&](int j, int token) {
      if (j % 2 == 0) tile.load(j, v);
      float beta[2], start[2], factor[2], sum[4];
      load_2(decays.beta + token, beta), load_2(decays.from_start + token, start), load_2(k_factors + token, factor);
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        const float write = scale * (o.write_beta ? beta[e % 2] : 1.0f);
        const float value = of_pair<bf16>(v[j % 2 * 2 + e / 2], e % 2);
        sum[e] = write * value - beta[e % 2] * start[e % 2] * factor[e % 2] * erased[j][e];
      }
      x[j][0] = to_fp16_pair(sum[0], sum[1]), x[j][1] = to_fp16_pair(sum[2], sum[3]);
    });
  }

  /// before: prepare's.  Every warp of the block has the chunk.  o comes last: no later turn waits for it.
  template <class ChunksType>
  __device__ void turn(const ChunksType& chunks, int c, const Pairs<keys / 8>& before, Rows<bf16> out) {
    const Decays decays = chunks.decays(c);
    const auto k = chunks.k(c), q = chunks.q(c);
    const v6::Square inverse = chunks.inverse(c), p = chunks.p(c);
    const float *q_factors = chunks.factors(c), *k_factors = q_factors + chunk;
    Sums sums;
    Pairs<chunk / 8> values, operand;
    clear(sums);
    multiply<true, keys / 16>(sums, LeftPairs<keys / 8>{before}, k);
    __syncwarp();
    to_x(sums, decays, k_factors, operand);
    __syncwarp();
    clear(sums);
    multiply_lower(sums, LeftPairs<chunk / 8>{operand}, inverse);
    to_pairs<fp16>(sums, values);
    for_tokens([&](int j, int token) {
      float end[2], factor[2];
      load_2(decays.to_end + token, end), load_2(k_factors + token, factor);
      for (int e = 0; e < 2; ++e) end[e] *= factor[e];
      operand[j][0] = to_fp16_pair(end[0] * sums[j][0], end[1] * sums[j][1]);
      operand[j][1] = to_fp16_pair(end[0] * sums[j][2], end[1] * sums[j][3]);
    });
    __syncwarp();
    fetch_values(c + 1);
    const float whole = decays.whole();
    for_elements(state, [&](int, int, float& x) { x *= whole; });
    multiply<false, chunk / 16>(state, LeftPairs<chunk / 8>{operand}, k);
    if (keeps()) tile.keep(values, saved.value_rows(head_at(c)) + place.column, saved.values);
    __syncwarp();
    clear(sums);
    multiply<true, keys / 16>(sums, LeftPairs<keys / 8>{before}, q);
    __syncwarp();
    for_tokens([&](int j, int token) {
      float start[2], factor[2];
      load_2(decays.from_start + token, start), load_2(q_factors + token, factor);
#pragma unroll
      for (int e = 0; e < 4; ++e) sums[j][e] *= start[e % 2] * (o.query_scale * factor[e % 2]);
    });
    multiply_lower(sums, LeftPairs<chunk / 8>{values}, p);
    write(sums, c, out);
  }
  __device__ void write(Sums& o_sums, int c, Rows<bf16> out) const {
    const float factor = v4::reciprocal_of_power(scale);
    for_elements(o_sums, [&](int, int, float& x) { x *= factor; });
    Pairs<chunk / 8> pairs;
    to_pairs<bf16>(o_sums, pairs);
    OwnRows rows;
    tile.turn(pairs, rows);
    tile.store(rows, out, place.sequence.place(c), h * s.value_dim + place.column, s.value_dim - place.column);
  }
};

}  // namespace v7
}  // namespace separatrix::SIMT
