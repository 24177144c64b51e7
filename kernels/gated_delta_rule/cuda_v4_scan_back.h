// The first of v4's backward kernels: from the last chunk to the first, dX and the gradient of the state (cuda_backward.h).
#pragma once
#include "kernels/gated_delta_rule/cuda_v4_pieces.h"

namespace separatrix::SIMT {
namespace v4 {

template <int keys>
constexpr std::size_t scan_back_floats() {
  return 4 * WarpTile<fp16, chunk, keys>::floats + 4 * WarpTile<fp16, chunk, chunk>::floats + WarpTile<fp16, keys, slab>::floats +
         4 * WarpTile<fp16, chunk, slab>::floats + 2 * (Decays::floats + 2 * chunk) + warps;
}

/// grid: ScanPart.  `local`: only the gradient of the state that a piece hands on (cuda_v4_pieces.h), nothing is kept.
template <int keys, bool local>
__global__ void __launch_bounds__(delta_threads, 2)
    scan_back(DeltaSizes s, DeltaOptions o, Saved saved, Pieces pieces, Rows<const bf16> d_out, const float* d_final_state,
              Rows<bf16> d_v, float* d_first_state, Scratch scratch) {
  using Keys = WarpTile<fp16, chunk, keys>;
  using Square = WarpTile<fp16, chunk, chunk>;
  using Slab = WarpTile<fp16, chunk, slab>;
  const ScanPart part(s, pieces);
  if (part.piece > part.last || (local && part.piece == 0)) return;
  const int n = part.sequence, h = blockIdx.y, column = part.column, kh = h / (s.value_heads / s.key_heads);
  const int first = threadIdx.x / warp_size * 16;
  SharedPieces shared(shared_memory());
  const Keys k_tiles(shared, 2), q_tiles(shared, 2);
  const Square inverse_tiles(shared, 2), p_tiles(shared, 2);
  const WarpTile<fp16, keys, slab> state_tile(shared);
  const Slab out_tile(shared), q_out_tile(shared), y_tile(shared), x_tile(shared);  // dO, factors dO, dV', factors dX
  constexpr int numbers_size = Decays::floats + 2 * chunk;
  float* numbers = shared.take(2 * numbers_size);  // decays, factors of q and of k; twice
  const BlockMax block_max{shared.take(warps)};
  const std::size_t own = (static_cast<std::size_t>(n) * s.value_heads + h) * s.key_dim * s.value_dim;
  SlabState<keys> d_state;  // times `scale`
  if (part.piece == part.last)
    d_state.load(d_final_state ? d_final_state + own : nullptr, s.key_dim, s.value_dim, column);
  else
    d_state.load(local ? nullptr : pieces.d_state(s, n, h, part.piece), s.key_dim, s.value_dim, column);
  const Sequence sequence(s, n);  // `starts` is read once
  SlabRows next_out;
  const auto fetch = [&](int c) {
    if (c < part.begin) return;
    const ChunkPlace at = sequence.place(c);
    const std::size_t head = static_cast<std::size_t>(at.slot) * s.value_heads + h;
    const std::size_t key_head = static_cast<std::size_t>(at.slot) * s.key_heads + kh;
    stage<chunk, keys>(saved.k(key_head), keys, k_tiles.part(c));
    stage<chunk, keys>(saved.q(key_head), keys, q_tiles.part(c));
    stage<chunk, chunk>(saved.inverse(head), chunk, inverse_tiles.part(c));
    stage<chunk, chunk>(saved.p(head), chunk, p_tiles.part(c));
    float* to = numbers + c % 2 * numbers_size;
    stage_floats(saved.decays(head), Decays::floats, to);
    stage_floats(saved.factors(key_head), 2 * chunk, to + Decays::floats);
    next_out.load(d_out, at, h * s.value_dim + column, s.value_dim - column);
  };
  float scale = 1;
  fetch(part.end - 1);
  for (int c = part.end - 1; c >= part.begin; --c) {
    const ChunkPlace at = sequence.place(c);
    const std::size_t head = static_cast<std::size_t>(at.slot) * s.value_heads + h;
    const Keys k = k_tiles.part(c), q = q_tiles.part(c);
    const Square inverse = inverse_tiles.part(c), p = p_tiles.part(c);
    const Decays decays(numbers + c % 2 * numbers_size);
    const float *q_factors = numbers + c % 2 * numbers_size + Decays::floats, *k_factors = q_factors + chunk;
    float sums[slab / 8][4];
    next_out.to_sums(sums);
    block_max.put(fmaxf(largest(sums), d_state.largest() * reciprocal_of_power(scale)));
    arrive_copies();
    __syncthreads();
    const float scale_before = scale;
    scale = scale_below_1(block_max.get());
    d_state.keep(scale * reciprocal_of_power(scale_before), state_tile, local ? nullptr : scratch.d_state(head) + column,
                 scratch.values);
    if (!local && threadIdx.x == 0) scratch.scales(head)[column / slab] = scale;
    const TwoRows of_q(q_factors, first), of_k(k_factors, first), beta(decays.beta, first), to_end(decays.to_end, first);
    const TwoRows high(decays.high, first), low(decays.low, first);
    const float high_0 = decays.high[0], low_0 = decays.low[0];
    float from_first[2];  // G_i0
    for (int e = 0; e < 2; ++e) from_first[e] = exp_below_0((high.x[e] - high_0) + (low.x[e] - low_0));
    for_pairs(sums, [&](int row, int j, float& a, float& b) {
      const int i = first + row;
      a *= scale, b *= scale;
      out_tile.put_pair(i, j, to_fp16_pair(a, b));
      const float factor = from_first[row / 8] * (o.query_scale * of_q[row]);
      q_out_tile.put_pair(i, j, to_fp16_pair(factor * a, factor * b));
    });
    fetch(c - 1);
    __syncthreads();
    // dV' = P^T dO + D o (K dS'); columns of P begin at the diagonal.
    clear(sums);
    multiply<false, keys / 16>(sums, LeftRows<Keys>{k, first}, state_tile);
    for_elements(sums, [&](int row, int, float& x) { x *= to_end[row] * of_k[row]; });
    multiply<false, chunk / 16>(sums, LeftColumns<Square>{p, first}, out_tile, first / 16, chunk / 16);
    for_pairs(sums, [&](int row, int j, float& a, float& b) { y_tile.put_pair(first + row, j, to_fp16_pair(a, b)); });
    __syncthreads();
    // dX = A^T dV'
    clear(sums);
    multiply<false, chunk / 16>(sums, LeftColumns<Square>{inverse, first}, y_tile, first / 16, chunk / 16);
    fp16* kept_x = scratch.d_x(head) + column;
    for_pairs(sums, [&](int row, int j, float& a, float& b) {
      const int i = first + row;
      if (!local) store_pair(kept_x + i * scratch.values + j, to_fp16_pair(a, b));
      const float factor = -beta[row] * from_first[row / 8] * of_k[row];
      x_tile.put_pair(i, j, to_fp16_pair(factor * a, factor * b));
      const float write = o.write_beta ? beta[row] : 1.0f;
      a *= write, b *= write;
    });
    if (!local) write_rows(sums, at, h * s.value_dim + column, s.value_dim - column, reciprocal_of_power(scale), d_v);
    __syncthreads();
    // dS = e^{gamma_n} dS' + (E o Q)^T dO - (B E o K)^T dX; E_0, the largest of E, comes last: operands hold no 1e-27.
    d_state.times(decays.pair(chunk - 1, 0));
    d_state.add(q, q_out_tile);
    d_state.add(k, x_tile);
    d_state.times(decays.from_start[0]);
  }
  if (local)
    d_state.store(pieces.d_state(s, n, h, part.piece - 1), s.key_dim, s.value_dim, column, reciprocal_of_power(scale));
  else if (d_first_state && part.piece == 0)
    d_state.store(d_first_state + own, s.key_dim, s.value_dim, column, reciprocal_of_power(scale));
}

}  // namespace v4
}  // namespace separatrix::SIMT
