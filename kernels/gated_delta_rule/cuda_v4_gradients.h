// The second of v4's backward kernels: all gradients but those of v and of the state, chunk by chunk (cuda_backward.h).
// Sums over slabs are in one unit, the smallest product of the two scales of a slab: the left operands are brought to it.
#pragma once
#include "kernels/gated_delta_rule/cuda_backward.h"
#include "kernels/gated_delta_rule/cuda_v4.h"

namespace separatrix::SIMT {
namespace v4 {

template <int keys>
constexpr std::size_t gradients_floats() {
  return 2 * WarpTile<fp16, chunk, keys>::floats + 2 * WarpTile<fp16, keys, slab>::floats +
         2 * WarpTile<fp16, chunk, slab>::floats + 3 * WarpTile<fp16, chunk, chunk>::floats + chunk * chunk_row + Decays::floats +
         3 * chunk + warps;
}

/// One chunk of one value head.  (16, 8 n) sums of a warp are rows first ... first + 15 of the formulas' matrices.
template <int keys>
struct Gradients {
  using Keys = WarpTile<fp16, chunk, keys>;
  using Square = WarpTile<fp16, chunk, chunk>;
  static constexpr int wide = keys / 8, square = chunk / 8;
  const DeltaSizes& s;
  const DeltaOptions& o;
  const DeltaArguments<bf16>& in;
  const Saved& saved;
  const Scratch& scratch;
  ChunkPlace at;
  int h;
  int first = threadIdx.x / warp_size * 16;
  std::size_t head = static_cast<std::size_t>(at.slot) * s.value_heads + h;
  std::size_t key_head = static_cast<std::size_t>(at.slot) * s.key_heads + h / (s.value_heads / s.key_heads);
  SharedPieces pieces{shared_memory()};
  Keys q{pieces}, k{pieces};                           // unit rows
  WarpTile<fp16, keys, slab> state_tiles{pieces, 2};   // of two turns
  WarpTile<fp16, chunk, slab> value_tiles{pieces, 2};  // of two turns
  Square d_p{pieces}, d_l{pieces}, beta_d_l{pieces};   // query_scale dP o G by fit_p; dL o G and B times it by fit_l
  float* both = pieces.take(chunk * chunk_row);        // (chunk, chunk_row)
  Decays decays{pieces.take(Decays::floats)};
  float *d_start = pieces.take(chunk), *d_end = pieces.take(chunk), *d_pair = pieces.take(chunk);
  float* sums = pieces.take(warps);
  float unit = 0, fit_p = 1, fit_l = 1;
  float whole = 0;           // <S, dS'>, this thread's part
  float d_beta[2] = {0, 0};  // of rows g and g + 8, this lane's part

  __device__ float slab_unit(int column) const { return saved.scales(head)[column / slab] * scratch.scales(head)[column / slab]; }
  __device__ LeftKept kept_rows(const fp16* all, int column) const {
    return {all + first * saved.values + column, saved.values, unit / slab_unit(column)};
  }

  /// Unit rows of q and k, decays, the unit.
  __device__ void load() {
    const float* factors = saved.factors(key_head);
    const fp16 *raw_q = saved.q(key_head), *raw_k = saved.k(key_head);
    const auto pair = [](float factor, const fp16* from) {
      const std::uint32_t two = load_pair(from);
      return to_fp16_pair(factor * of_pair<fp16>(two, 0), factor * of_pair<fp16>(two, 1));
    };
    for (int e = 2 * threadIdx.x; e < chunk * keys; e += 2 * delta_threads) {
      const int i = e / keys, j = e % keys;
      q.put_pair(i, j, pair(factors[i], raw_q + e));
      k.put_pair(i, j, pair(factors[chunk + i], raw_k + e));
    }
    stage_floats(saved.decays(head), Decays::floats, decays.high);
    unit = slab_unit(0);
    for (int column = slab; column < static_cast<int>(saved.values); column += slab) unit = fminf(unit, slab_unit(column));
  }

  /// use(column, turn) for every slab, whose tiles fetch(column, turn) has copied.  A barrier lies between two calls.
  template <class Fetch, class Use>
  __device__ void for_slabs(Fetch fetch, Use use) {
    fetch(0, 0);
    for (int column = 0, turn = 0; column < static_cast<int>(saved.values); column += slab, turn ^= 1) {
      arrive_copies();
      __syncthreads();
      if (column + slab < static_cast<int>(saved.values)) fetch(column + slab, turn ^ 1);
      use(column, turn);
    }
  }

  /// Slabs of S and V', turn by turn.
  __device__ auto states_and_values() const {
    return [this](int column, int turn) {
      stage<keys, slab>(saved.state(head) + column, saved.values, state_tiles.part(turn));
      stage<chunk, slab>(saved.value_rows(head) + column, saved.values, value_tiles.part(turn));
    };
  }
  /// dp += dO V'^T, from_state += dO S^T
  __device__ void output_products(Rows<const bf16> d_out, float (&dp)[square][4], float (&from_state)[wide][4]) {
    for_slabs(states_and_values(), [&](int column, int turn) {
      SlabRows raw;
      float rows[slab / 8][4];
      raw.load(d_out, at, h * s.value_dim + column, s.value_dim - column);
      raw.to_sums(rows);
      for_elements(rows, [&](int, int, float& x) { x *= unit / saved.scales(head)[column / slab]; });
      const LeftSums<fp16, slab / 8> left{rows};
      multiply<true, slab / 16>(dp, left, value_tiles.part(turn));
      multiply<true, slab / 16>(from_state, left, state_tiles.part(turn));
    });
  }
  /// dl -= dX V'^T, t += dX S^T; <dX_i, V_i> to d_beta.
  __device__ void value_products(float (&dl)[square][4], float (&t)[wide][4]) {
    for_slabs(states_and_values(), [&](int column, int turn) {
      LeftKept d_x = kept_rows(scratch.d_x(head), column);
      multiply<true, slab / 16>(t, d_x, state_tiles.part(turn));
      if (o.write_beta) {
        SlabRows raw;
        float rows[slab / 8][4];
        raw.load(in.v, at, h * s.value_dim + column, s.value_dim - column);
        raw.to_sums(rows);
        const float scale = 1 / scratch.scales(head)[column / slab];
        for_elements(rows, [&](int i, int j, float& x) {
          d_beta[i / 8] = fmaf(x, scale * to_float(d_x.rows[i * d_x.row + j]), d_beta[i / 8]);
        });
      }
      d_x.factor = -d_x.factor;
      multiply<true, slab / 16>(dl, d_x, value_tiles.part(turn));
    });
  }

  /// to_i = the sum over the lanes of row i.
  __device__ void put_rows(float (&of_rows)[2], float* to) const {
    for (int e = 0; e < 2; ++e) {
      of_rows[e] = row_sum(of_rows[e]);
      if (threadIdx.x % 4 == 0) to[first + threadIdx.x % warp_size / 4 + 8 * e] = of_rows[e];
    }
  }
  /// Adds factor <x_i, y_i>, of the lane's columns.
  __device__ void add_dots(float (&x)[wide][4], const Keys& y, float factor, float (&of_rows)[2]) const {
    for_elements(x,
                 [&](int i, int j, float& e) { of_rows[i / 8] = fmaf(factor * e, to_float(y.at(first + i, j)), of_rows[i / 8]); });
  }

  /// d = dP or dL, in units of `unit`: d o P or d o L to `both`, then d -> d o G (dP: times query_scale).  P and L anew in fp32:
  /// what fp16 has lost of strong decays counts here.
  __device__ void pairs_of(float (&d)[square][4], const Keys& left, bool queries) {
    float products[square][4];
    clear(products);
    multiply<true, keys / 16>(products, LeftRows<Keys>{left, first}, k);
    for_both(d, products, [&](int row, int j, float& x, float product) {
      const int i = first + row;
      const float g = j > i ? 0.0f : queries ? o.query_scale * decays.pair(i, j) : i == j ? 0.0f : decays.pair(i, j);
      const float change = j < i ? x * (g * product) : 0.0f;
      float& sum = both[i * chunk_row + j];
      sum = queries ? change : fmaf(decays.beta[i], change, sum);
      x *= g;
    });
  }

  /// The power of two that brings d below 1.
  __device__ float fit_of(const float (&d)[square][4]) const {
    const BlockMax block_max{sums};
    block_max.put(largest(d));
    __syncthreads();
    return scale_below_1(block_max.get());
  }

  /// The gradient of unit q: from_state -> query_scale E o (dO S^T) + (dP o G) K, in units of `unit`.  Leaves d_p and, of d_start,
  /// what E of the queries hands back (rows g and g + 8).
  __device__ void query_gradient(float (&dp)[square][4], float (&from_state)[wide][4], float (&starts)[2]) {
    pairs_of(dp, q, true);
    fit_p = fit_of(dp);
    for_pairs(dp, [&](int row, int j, float& a, float& b) { d_p.put_pair(first + row, j, to_fp16_pair(fit_p * a, fit_p * b)); });
    for_elements(from_state, [&](int i, int, float& x) { x *= o.query_scale * decays.from_start[first + i]; });
    add_dots(from_state, q, 1 / unit, starts);
    for_elements(from_state, [&](int, int, float& x) { x *= fit_p; });
    __syncwarp();  // a warp reads the rows it has written
    multiply<false, chunk / 16>(from_state, LeftRows<Square>{d_p, first}, k, 0, first / 16 + 1);
    for_elements(from_state, [&](int, int, float& x) { x /= fit_p; });
  }

  /// t -> T in units of fit_l * unit; d_l and beta_d_l; the rest of d_start, <K_i, T_i> to d_beta.
  __device__ void erased_gradient(float (&dl)[square][4], float (&t)[wide][4], float (&starts)[2]) {
    pairs_of(dl, k, false);
    fit_l = fit_of(dl);
    for_pairs(dl, [&](int row, int j, float& a, float& b) {
      d_l.put_pair(first + row, j, to_fp16_pair(fit_l * a, fit_l * b));
      const float factor = fit_l * decays.beta[first + row];
      beta_d_l.put_pair(first + row, j, to_fp16_pair(factor * a, factor * b));
    });
    float erased[2] = {0, 0};
    for_elements(t, [&](int i, int, float& x) { x *= -decays.from_start[first + i]; });
    add_dots(t, k, 1 / unit, erased);
    for (int e = 0; e < 2; ++e) starts[e] = fmaf(decays.beta[first + threadIdx.x % warp_size / 4 + 8 * e], erased[e], starts[e]);
    put_rows(starts, d_start);
    for_elements(t, [&](int, int, float& x) { x *= fit_l; });
    __syncwarp();
    multiply<false, chunk / 16>(t, LeftRows<Square>{d_l, first}, k, 0, first / 16 + 1);
    add_dots(t, k, 1 / fit_l * (1 / unit), d_beta);
  }

  /// What pairs of tokens hand to dg; both sums are there.
  __device__ void pair_gradient() {
    const int t_here = threadIdx.x;
    if (t_here < chunk)
      for (int i = chunk - 2; i >= 0; --i) both[i * chunk_row + t_here] += both[(i + 1) * chunk_row + t_here];
    __syncthreads();
    if (t_here >= chunk) return;
    float sum = 0;
    for (int j = 0; j < t_here; ++j) sum += both[t_here * chunk_row + j];
    d_pair[t_here] = sum / unit;
  }

  /// t: T -> the gradient of unit k in units of `unit`; d_end, whole.
  __device__ void key_gradient(float (&t)[wide][4]) {
    float sum[wide][4];
    for_elements(t, [&](int i, int, float& x) { x *= decays.beta[first + i]; });
    multiply<false, chunk / 16>(t, LeftColumns<Square>{beta_d_l, first}, k, first / 16, chunk / 16);
    clear(sum);
    multiply<false, chunk / 16>(sum, LeftColumns<Square>{d_p, first}, q, first / 16, chunk / 16);
    for_both(t, sum, [&](int, int, float& x, float y) { x = x / fit_l + y / fit_p; });
    clear(sum);
    for_slabs(
        [&](int column, int turn) { stage<keys, slab>(scratch.d_state(head) + column, saved.values, state_tiles.part(turn)); },
        [&](int column, int turn) {
          multiply<true, slab / 16>(sum, kept_rows(saved.value_rows(head), column), state_tiles.part(turn));
          const fp16* state = saved.state(head) + column;
          float products = 0;
          for (int e = threadIdx.x; e < keys * slab; e += delta_threads)
            products = fmaf(to_float(state[e / slab * saved.values + e % slab]),
                            to_float(state_tiles.part(turn).at(e / slab, e % slab)), products);
          whole += products / slab_unit(column);
        });
    float ends[2] = {0, 0};
    add_dots(sum, k, 1 / unit, ends);
    put_rows(ends, d_end);
    for_both(t, sum, [&](int i, int, float& x, float y) { x = fmaf(decays.to_end[first + i], y, x); });
  }

  /// From the gradient of unit rows, in units of `unit`, to that of q (part 0) or k (part 1): x / |x| has the gradient
  /// (d - x <x, d>) / |x|.  Where value heads share keys, only to `own`: delta_finish goes on.
  __device__ void finish(float (&d)[wide][4], const Keys& x, int part, Rows<bf16> to, float* own) const {
    for_elements(d, [&](int, int, float& e) { e /= unit; });
    if (s.value_heads != s.key_heads) {
      for_elements(d, [&](int i, int j, float& e) { own[(head * chunk + first + i) * keys + j] = e; });
      return;
    }
    if (o.unit_keys) {
      const float* norms = saved.norms(key_head) + part * chunk + first;
      float along[2] = {0, 0};
      add_dots(d, x, 1, along);
      for (int e = 0; e < 2; ++e) along[e] = row_sum(along[e]);
      for_elements(d, [&](int i, int j, float& e) { e = norms[i] * (e - to_float(x.at(first + i, j)) * along[i / 8]); });
    }
    write_rows(d, at, h * s.key_dim, s.key_dim, 1, to);
  }

  __device__ void gate_gradients(Rows<float> d_g, Rows<float> d_betas) {
    const int row = first + threadIdx.x % warp_size / 4;
    for (int e = 0; e < 2; ++e) {
      const float sum = row_sum(d_beta[e]);
      if (threadIdx.x % 4 == 0 && row + 8 * e < at.count) d_betas.row(at.first + row + 8 * e)[h] = sum;
    }
    const float of_whole = decays.whole() * block_sum(whole, sums);
    const int t_here = threadIdx.x;
    if (t_here >= at.count) return;
    float starts = 0, ends = 0;
    for (int i = chunk - 1; i >= t_here; --i) starts += d_start[i];
    for (int i = 0; i < t_here; ++i) ends = fmaf(decays.to_end[i], d_end[i], ends);
    d_g.row(at.first + t_here)[h] = ((d_pair[t_here] + ends) + starts) + of_whole;
  }
};

/// grid (slots, value_heads)
template <int keys>
__global__ void __launch_bounds__(delta_threads, 2)  // two blocks a multiprocessor: with three, registers spill
    gradients(DeltaSizes s, DeltaOptions o, DeltaArguments<bf16> in, Saved saved, Scratch scratch, Rows<const bf16> d_out,
              DeltaGradients<bf16> d_in) {
  const ChunkPlace at = place_of_slot(s, blockIdx.x);
  if (at.count <= 0) return;
  Gradients<keys> c{s, o, in, saved, scratch, at, static_cast<int>(blockIdx.y)};
  c.load();
  float square[chunk / 8][4], wide[keys / 8][4], starts[2] = {0, 0};
  clear(square), clear(wide);
  c.output_products(d_out, square, wide);
  c.query_gradient(square, wide, starts);
  c.finish(wide, c.q, 0, d_in.q, scratch.d_q_);
  clear(square), clear(wide);
  c.value_products(square, wide);
  c.erased_gradient(square, wide, starts);
  c.pair_gradient();
  c.key_gradient(wide);
  c.finish(wide, c.k, 1, d_in.k, scratch.d_k_);
  c.gate_gradients(d_in.g, d_in.beta);
}

}  // namespace v4
}  // namespace separatrix::SIMT
