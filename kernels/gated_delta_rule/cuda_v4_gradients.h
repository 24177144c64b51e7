// The second of v4's backward kernels: all gradients but those of v and of the state, chunk by chunk (cuda_backward.h).
// Sums over slabs are in one unit, the smallest product of the two scales of a slab: the left operands are brought to it.
#pragma once
#include "kernels/gated_delta_rule/cuda_backward.h"
#include "kernels/gated_delta_rule/cuda_v4_rows_back.h"

namespace separatrix::SIMT {
namespace v4 {

template <int keys>
constexpr std::size_t gradients_floats() {
  return 2 * WarpTile<fp16, chunk, keys>::floats + 2 * WarpTile<fp16, keys, slab>::floats +
         4 * WarpTile<fp16, chunk, slab>::floats + 3 * WarpTile<fp16, chunk, chunk>::floats + chunk * chunk_row + Decays::floats +
         (3 + warps) * chunk + warps;
}

/// One chunk of one value head.  (16, 8 n) sums of a warp are rows first ... first + 15 of the formulas' matrices.
template <int keys>
struct Gradients {
  using Keys = WarpTile<fp16, chunk, keys>;
  using Square = WarpTile<fp16, chunk, chunk>;
  using Slab = WarpTile<fp16, chunk, slab>;
  using SlabSums = float[slab / 8][4];
  static constexpr int wide = keys / 8, square = chunk / 8;
  const DeltaSizes& s;
  const DeltaOptions& o;
  const DeltaArguments<bf16>& in;
  const Saved& saved;
  const Scratch& scratch;
  ChunkPlace at;
  int h;
  int first = forgotten(threadIdx.x / warp_size * 16);
  int kh = h / (s.value_heads / s.key_heads);
  SharedPieces pieces{shared_memory()};
  Keys q{pieces}, k{pieces};                          // unit rows
  WarpTile<fp16, keys, slab> state_tiles{pieces, 2};  // of two turns
  Slab value_tiles{pieces, 2}, row_tiles{pieces, 2};  // of two turns
  Square d_p{pieces}, d_l{pieces}, beta_d_l{pieces};  // query_scale dP o G by fit_p; dL o G and B times it by fit_l
  float* both = pieces.take(chunk * chunk_row);       // (chunk, chunk_row)
  Decays decays{pieces.take(Decays::floats)};
  float *d_start = pieces.take(chunk), *d_end = pieces.take(chunk), *d_pair = pieces.take(warps * chunk);
  float* d_beta = pieces.take(chunk);
  float* sums = pieces.take(warps);
  float unit = 0, fit_p = 1, fit_l = 1;
  float whole = 0;  // <S, dS'>, this thread's part
  int turn = 0;     // of the slabs, from one product to the next
  SlabRows raw{};   // dO or V of the next turn

  // Made anew where they are needed: registers are short.
  __device__ std::size_t head() const { return static_cast<std::size_t>(forgotten(at.slot)) * s.value_heads + h; }
  __device__ std::size_t key_head() const { return static_cast<std::size_t>(forgotten(at.slot)) * s.key_heads + kh; }

  __device__ float slab_unit(int column) const {
    return saved.scales(head())[column / slab] * scratch.scales(head())[column / slab];
  }
  /// What brings kept numbers of a slab to the unit.
  __device__ float to_unit(int column) const { return unit * reciprocal_of_power(slab_unit(column)); }

  /// Unit rows of q and k, decays, the unit.
  __device__ void load() {
    stage_floats(saved.decays(head()), Decays::floats, decays.high);
    load_unit<keys>(saved.q(key_head()), saved.factors(key_head()), q);
    load_unit<keys>(saved.k(key_head()), saved.factors(key_head()) + chunk, k);
    unit = slab_unit(0);
    for (int column = slab; column < static_cast<int>(saved.values); column += slab) unit = fminf(unit, slab_unit(column));
  }

  /// use(column, rows) for every slab, whose tiles fetch(column, turn) has copied; the first of them, and `raw`, began before.  At
  /// the end begins next(0, turn), the first slab of the product behind this one.
  template <class Fetch, class Next, class Use>
  __device__ void for_slabs(Fetch fetch, Next next, Use use) {
    for (int column = 0; column < static_cast<int>(saved.values); column += slab, turn ^= 1) {
      SlabSums rows;
      raw.to_sums(rows);
      arrive_copies();
      __syncthreads();
      if (column + slab < static_cast<int>(saved.values))
        fetch(column + slab, turn ^ 1);
      else
        next(0, turn ^ 1);
      use(column, rows);
    }
  }

  __device__ void load_raw(Rows<const bf16> x, int column) { raw.load(x, at, h * s.value_dim + column, s.value_dim - column); }
  /// Slabs of S and V'.
  __device__ void fetch_states(int column, int to) const {
    stage<keys, slab>(saved.state(head()) + column, saved.values, state_tiles.part(to));
    stage<chunk, slab>(saved.value_rows(head()) + column, saved.values, value_tiles.part(to));
  }
  /// Of S, V' and dX.
  __device__ void fetch_d_x(int column, int to) const {
    fetch_states(column, to);
    stage<chunk, slab>(scratch.d_x(head()) + column, saved.values, row_tiles.part(to));
  }
  /// Of dS' and V'.
  __device__ void fetch_d_states(int column, int to) const {
    stage<keys, slab>(scratch.d_state(head()) + column, saved.values, state_tiles.part(to));
    stage<chunk, slab>(saved.value_rows(head()) + column, saved.values, value_tiles.part(to));
  }

  /// dp += dO V'^T, from_state += dO S^T
  __device__ void output_products(Rows<const bf16> d_out, float (&dp)[square][4], float (&from_state)[wide][4]) {
    const auto fetch = [&](int column, int to) { fetch_states(column, to), load_raw(d_out, column); };
    const auto next = [&](int column, int to) { fetch_d_x(column, to); };
    for_slabs(fetch, next, [&](int column, SlabSums& rows) {
      const float factor = unit * reciprocal_of_power(saved.scales(head())[column / slab]);
      for_elements(rows, [&](int, int, float& x) { x *= factor; });
      const LeftSums<fp16, slab / 8> left{rows};
      multiply<true, slab / 16>(dp, left, value_tiles.part(turn));
      multiply<true, slab / 16>(from_state, left, state_tiles.part(turn));
    });
  }
  /// dl += dX V'^T (pairs_of turns the sign), t += dX S^T; <dX_i, V_i> to d_beta.
  __device__ void value_products(float (&dl)[square][4], float (&t)[wide][4]) {
    float dots[2] = {0, 0};
    const auto fetch = [&](int column, int to) { fetch_d_x(column, to), load_raw(in.v, column); };
    const auto next = [&](int column, int to) { fetch_d_states(column, to); };
    for_slabs(fetch, next, [&](int column, const SlabSums& v) {
      SlabSums d_x;
      load_sums(row_tiles.part(turn), first, d_x);
      if (o.write_beta) {
        const float scale = reciprocal_of_power(scratch.scales(head())[column / slab]);
        for_both(d_x, v, [&](int i, int, float& x, float y) { dots[i / 8] = fmaf(y, scale * x, dots[i / 8]); });
      }
      const float factor = to_unit(column);
      for_elements(d_x, [&](int, int, float& x) { x *= factor; });
      const LeftSums<fp16, slab / 8> left{d_x};
      multiply<true, slab / 16>(t, left, state_tiles.part(turn));
      multiply<true, slab / 16>(dl, left, value_tiles.part(turn));
    });
    put_rows(dots, first, d_beta);
  }
  /// v_s += V' dS'^T; <S, dS'> to `whole`.
  __device__ void state_products(float (&v_s)[wide][4]) {
    const auto fetch = [&](int column, int to) { fetch_d_states(column, to); };
    for_slabs(
        fetch, [](int, int) {},
        [&](int column, const SlabSums&) {
          constexpr int count = keys * slab / 8 / delta_threads, across = slab / 8;
          const int thread = forgotten(threadIdx.x), i = thread / across, j = thread % across * 8;
          const fp16* state = saved.state(head()) + i * saved.values + column + j;
          std::uint32_t x[count][4], y[4];
#pragma unroll
          for (int m = 0; m < count; ++m) load_8(state + m * (delta_threads / across) * saved.values, x[m]);
          const float factor = to_unit(column);
          SlabSums rows;
          load_sums(value_tiles.part(turn), first, rows);
          for_elements(rows, [&](int, int, float& e) { e *= factor; });
          multiply<true, slab / 16>(v_s, LeftSums<fp16, slab / 8>{rows}, state_tiles.part(turn));
          float products = 0;
#pragma unroll
          for (int m = 0; m < count; ++m) {
            load_8(&state_tiles.part(turn).at(i + m * (delta_threads / across), j), y);
#pragma unroll
            for (int e = 0; e < 8; ++e)
              products = fmaf(of_pair<fp16>(x[m][e / 2], e % 2), of_pair<fp16>(y[e / 2], e % 2), products);
          }
          whole = fmaf(products, reciprocal_of_power(slab_unit(column)), whole);
        });
  }

  /// d = dP or -dL, in units of `unit`: dP o P or dL o L to `both`, then d -> d o G times query_scale, or dL o G.  P and L anew in
  /// fp32: what fp16 has lost of strong decays counts here.
  template <bool queries>
  __device__ void pairs_of(float (&d)[square][4], const Keys& left) {
    float products[square][4];
    clear(products);
    multiply<true, keys / 16>(products, LeftRows<Keys>{left, first}, k);
    const TwoRows high(decays.high, first), low(decays.low, first), beta(decays.beta, first);
    const int lane = forgotten(threadIdx.x % warp_size), g = lane / 4, t = lane % 4;
#pragma unroll
    for (int n = 0; n < square; ++n) {
      const int j = 8 * n + 2 * t;
      const float high_j[2] = {decays.high[j], decays.high[j + 1]}, low_j[2] = {decays.low[j], decays.low[j + 1]};
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        const int i = first + g + e / 2 * 8, column = j + e % 2;
        const bool there = queries ? column <= i : column < i;
        const float gamma = (high.x[e / 2] - high_j[e % 2]) + (low.x[e / 2] - low_j[e % 2]);
        const float decay = (queries ? o.query_scale : -1.0f) * exp_below_0(there ? gamma : -INFINITY);
        const float change = column < i ? d[n][e] * (decay * products[n][e]) : 0.0f;
        float& sum = both[i * chunk_row + column];
        sum = queries ? change : fmaf(beta.x[e / 2], change, sum);
        d[n][e] *= decay;
      }
    }
  }

  /// The power of two that brings d below 1.
  __device__ float fit_of(const float (&d)[square][4]) const {
    const BlockMax block_max{sums};
    block_max.put(largest(d));
    __syncthreads();
    return scale_below_1(block_max.get());
  }

  /// The gradient of unit q: from_state -> query_scale E o (dO S^T) + (dP o G) K, in units of `unit`.  Leaves d_p and, in d_start,
  /// what E of the queries hands back.
  __device__ void query_gradient(float (&dp)[square][4], float (&from_state)[wide][4]) {
    pairs_of<true>(dp, q);
    fit_p = fit_of(dp);
    for_pairs(dp, [&](int row, int j, float& a, float& b) { d_p.put_pair(first + row, j, to_fp16_pair(fit_p * a, fit_p * b)); });
    const TwoRows from_start(decays.from_start, first);
    for_elements(from_state, [&](int i, int, float& x) { x *= o.query_scale * from_start[i]; });
    float starts[2] = {0, 0};
    add_dots(from_state, q, first, reciprocal_of_power(unit), starts);
    put_rows(starts, first, d_start);
    for_elements(from_state, [&](int, int, float& x) { x *= fit_p; });
    __syncwarp();  // a warp reads the rows it has written
    multiply<false, chunk / 16>(from_state, LeftRows<Square>{d_p, first}, k, 0, first / 16 + 1);
    for_elements(from_state, [&](int, int, float& x) { x *= reciprocal_of_power(fit_p); });
  }

  /// t -> T in units of fit_l * unit; d_l and beta_d_l; the rest of d_start, <K_i, T_i> to d_beta.
  __device__ void erased_gradient(float (&dl)[square][4], float (&t)[wide][4]) {
    pairs_of<false>(dl, k);
    fit_l = fit_of(dl);
    const TwoRows beta(decays.beta, first), from_start(decays.from_start, first);
    for_pairs(dl, [&](int row, int j, float& a, float& b) {
      d_l.put_pair(first + row, j, to_fp16_pair(fit_l * a, fit_l * b));
      const float factor = fit_l * beta[row];
      beta_d_l.put_pair(first + row, j, to_fp16_pair(factor * a, factor * b));
    });
    float erased[2] = {0, 0};
    for_elements(t, [&](int i, int, float& x) { x *= -from_start[i]; });
    add_dots(t, k, first, reciprocal_of_power(unit), erased);
    for (int e = 0; e < 2; ++e) erased[e] *= beta.x[e];
    put_rows<true>(erased, first, d_start);
    for_elements(t, [&](int, int, float& x) { x *= fit_l; });
    __syncwarp();
    multiply<false, chunk / 16>(t, LeftRows<Square>{d_l, first}, k, 0, first / 16 + 1);
    float dots[2] = {0, 0};
    add_dots(t, k, first, reciprocal_of_power(fit_l) * reciprocal_of_power(unit), dots);
    put_rows<true>(dots, first, d_beta);
  }

  /// t: T -> the gradient of unit k in units of `unit`; d_end, whole.
  __device__ void key_gradient(float (&t)[wide][4]) {
    float sum[wide][4];
    __syncthreads();  // beta_d_l is there
    const TwoRows beta(decays.beta, first), to_end(decays.to_end, first);
    for_elements(t, [&](int i, int, float& x) { x *= beta[i]; });
    multiply<false, chunk / 16>(t, LeftColumns<Square>{beta_d_l, first}, k, first / 16, chunk / 16);
    clear(sum);
    multiply<false, chunk / 16>(sum, LeftColumns<Square>{d_p, first}, q, first / 16, chunk / 16);
    for_both(t, sum, [&](int, int, float& x, float y) { x = x * reciprocal_of_power(fit_l) + y * reciprocal_of_power(fit_p); });
    clear(sum);
    state_products(sum);
    float ends[2] = {0, 0};
    add_dots(sum, k, first, reciprocal_of_power(unit), ends);
    put_rows(ends, first, d_end);
    for_both(t, sum, [&](int i, int, float& x, float y) { x = fmaf(to_end[i], y, x); });
  }

  /// From the gradient of unit rows, in units of `unit`, to that of q (part 0) or k (part 1): x / |x| has the gradient
  /// (d - x <x, d>) / |x|.  Where value heads share keys, only to `own`: delta_finish goes on.
  __device__ void finish(float (&d)[wide][4], const Keys& x, int part, Rows<bf16> to, float* own) const {
    for_elements(d, [&](int, int, float& e) { e *= reciprocal_of_power(unit); });
    if (s.value_heads != s.key_heads) {
      for_elements(d, [&](int i, int j, float& e) { own[(head() * chunk + first + i) * keys + j] = e; });
      return;
    }
    if (o.unit_keys) {
      const TwoRows norms(saved.norms(key_head()) + part * chunk, first);
      float along[2] = {0, 0};
      add_dots(d, x, first, 1, along);
      for (int e = 0; e < 2; ++e) along[e] = row_sum(along[e]);
      for_pairs(d, [&](int i, int j, float& a, float& b) {
        const std::uint32_t two = load_pair(&x.at(first + i, j));
        a = norms[i] * (a - of_pair<fp16>(two, 0) * along[i / 8]);
        b = norms[i] * (b - of_pair<fp16>(two, 1) * along[i / 8]);
      });
    }
    write_rows(d, at, h * s.key_dim, s.key_dim, 1, to);
  }

  __device__ void gate_gradients(Rows<float> d_g, Rows<float> d_betas) {
    const float of_whole = decays.whole() * block_sum(whole, sums);
    if (threadIdx.x < warp_size) TokenGradients{decays, d_start, d_end, d_pair, d_beta}.put(at, h, unit, of_whole, d_g, d_betas);
  }
};

}  // namespace v4
}  // namespace separatrix::SIMT
