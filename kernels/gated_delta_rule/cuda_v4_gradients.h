// The second of v4's backward kernels: all gradients but those of v and of the state, chunk by chunk (cuda_backward.h).
// Sums over slabs are in one unit, the smallest product of the two scales of a slab: the left operands are brought to it.  A warp
// has 16 rows; what it makes of them stays in its registers as far as its own products go, and only products over all rows, of the
// columns of dP o G and B dL o G, go through shared memory.  Rows of q are as they are kept, their factors applied in fp32.
#pragma once
#include "kernels/gated_delta_rule/cuda_backward.h"
#include "kernels/gated_delta_rule/cuda_v4_pairs_back.h"

namespace separatrix::SIMT {
namespace v4 {

constexpr int most_slabs = 256 / slab;

/// Slabs of S and dS' (keys, slab), V' and dX (chunk, slab).
template <int keys>
struct SlabTiles {
  using State = WarpTile<fp16, keys, slab>;
  using Rows = WarpTile<fp16, chunk, slab>;
  static constexpr int floats = 2 * State::floats + 2 * Rows::floats;
  State state, d_state;
  Rows values, d_x;
  __device__ explicit SlabTiles(SharedPieces pieces) : state(pieces), d_state(pieces), values(pieces), d_x(pieces) {}
};

template <int keys>
constexpr std::size_t gradients_floats() {
  return 2 * WarpTile<fp16, chunk, keys>::floats + 2 * SlabTiles<keys>::floats + WarpTile<fp16, chunk, chunk>::floats +
         Decays::floats + (6 + 2 * warps) * chunk + 2 * most_slabs + PairSums::floats + 3 * warps;
}

/// One chunk of one value head.  (16, 8 n) sums of a warp are rows first ... first + 15 of the formulas' matrices.
template <int keys>
struct Gradients {
  using Keys = WarpTile<fp16, chunk, keys>;
  using Square = WarpTile<fp16, chunk, chunk>;
  using Tiles = SlabTiles<keys>;
  static constexpr int wide = keys / 8, square = chunk / 8, slab_steps = slab / 16, key_steps = keys / 16;
  const DeltaSizes& s;
  const DeltaOptions& o;
  const DeltaArguments<bf16>& in;
  const Saved& saved;
  const Scratch& scratch;
  ChunkPlace at;
  int h;
  // Of the warp, not the same warp's in all blocks of a multiprocessor (every 132nd): the last rows have the most pairs.
  int first_row = forgotten((threadIdx.x / warp_size + blockIdx.x / 4) % warps * 16);
  int kh = h / (s.value_heads / s.key_heads);
  SharedPieces pieces{shared_memory()};
  Keys q{pieces}, k{pieces};                      // rows as they are kept; unit rows
  float* tiles = pieces.take(2 * Tiles::floats);  // of two turns
  Square d_p{pieces};                             // query_scale dP o G, row i times factor_i of q
  Decays decays{pieces.take(Decays::floats)};
  float *q_factors = pieces.take(chunk), *norms = pieces.take(2 * chunk);
  float *d_start = pieces.take(chunk), *d_end = pieces.take(chunk), *d_beta = pieces.take(chunk);
  float* d_pairs = pieces.take(warps * chunk);                                    // (warps, chunk)
  float* columns = pieces.take(warps * chunk);                                    // column_decays of every warp
  float *of_values = pieces.take(most_slabs), *of_d_x = pieces.take(most_slabs);  // 1 / the scales of the slabs
  float* kept_sums = pieces.take(PairSums::floats);
  float *fits_p = pieces.take(warps), *fits_l = pieces.take(warps), *sums = pieces.take(warps);
  float unit = 0;
  float whole = 0;  // <S, dS'>, this lane's part
  int turn = 0;     // of the slabs, from one product to the next
  SlabRows raw{};   // dO or V of the next turn

  // Made anew where they are needed: registers are short.  A chunk's slot is its block.
  __device__ int head() const { return static_cast<int>(blockIdx.x) * s.value_heads + forgotten(h); }
  __device__ int key_head() const { return static_cast<int>(blockIdx.x) * s.key_heads + kh; }
  __device__ Tiles slabs(int of_turn) const { return Tiles(SharedPieces(tiles + of_turn * Tiles::floats)); }
  /// B dL o G, in the place of the slabs that are not of this turn: those of the last product have no successors.
  __device__ Square beta_d_l() const { return Square(reinterpret_cast<fp16*>(tiles + turn * Tiles::floats)); }
  /// Anew in every phase: what comes of it is not kept in registers from one to the next.
  __device__ int first() const { return forgotten(first_row); }
  /// The columns of the warp's pairs are added up where its rows of `to` will be.
  __device__ Pairs pairs(const Square& to, int first) const {
    const int place = chunk / 16 * first;
    return {decays, columns + place, reinterpret_cast<float*>(&to.at(first, 0)), d_pairs + place, first};
  }
  /// What brings kept numbers of a slab to the unit.
  __device__ float to_unit(int column) const { return unit * (of_values[column / slab] * of_d_x[column / slab]); }

  /// Decays, the factors of q, norms: 16 bytes a thread, which lie one after the other.
  __device__ void copy_numbers() const {
    constexpr int factors_at = Decays::floats, norms_at = factors_at + chunk;
    static_assert(norms_at + 2 * chunk == 4 * delta_threads);
    const int place = 4 * threadIdx.x;
    const float* from = place < factors_at ? saved.decays(head()) + place
                        : place < norms_at ? saved.factors(key_head()) + (place - factors_at)
                                           : saved.norms(key_head()) + (place - norms_at);
    copy_16_bytes(decays.high + place, from);
  }
  /// Rows of q and k, decays, the scales of the slabs.
  __device__ void load() {
    stage<chunk, keys>(saved.q(key_head()), keys, q);
    copy_numbers();
    const int lane = threadIdx.x % warp_size, l = lane % most_slabs, count = static_cast<int>(saved.values) / slab;
    const float of_v = l < count ? saved.scales(head())[l] : 1.0f, of_x = l < count ? scratch.scales(head())[l] : 1.0f;
    load_unit<keys>(saved.k(key_head()), saved.factors(key_head()) + chunk, k);
    if (threadIdx.x < most_slabs) of_values[l] = reciprocal_of_power(of_v), of_d_x[l] = reciprocal_of_power(of_x);
    unit = l < count ? of_v * of_x : INFINITY;
    for (int step = 1; step < most_slabs; step *= 2) unit = fminf(unit, __shfl_xor_sync(0xffffffffu, unit, step));
  }

  /// use(column, tiles) for every slab, whose tiles fetch(column, turn) has copied; the first of them began before.  At the end
  /// begins next(0, turn), the first slab of the product behind this one.
  template <class Fetch, class Next, class Use>
  __device__ void for_slabs(Fetch fetch, Next next, Use use) {
    int column = 0;
    do {  // there is a slab
      arrive_copies();
      __syncthreads();
      if (column + slab < static_cast<int>(saved.values))
        fetch(column + slab, turn ^ 1);
      else
        next(0, turn ^ 1);
      use(column, slabs(turn));
      column += slab, turn ^= 1;
    } while (column < static_cast<int>(saved.values));
  }

  /// Begins to copy a slab of what is kept, (rows, values) a head.
  template <int rows>
  __device__ void fetch(const fp16* from, int column, const WarpTile<fp16, rows, slab>& to) const {
    constexpr int across = slab / 8, step = delta_threads / across;
    const int thread = forgotten(threadIdx.x), row = thread / across, j = thread % across * 8;
    const int values = static_cast<int>(saved.values);
    from += static_cast<std::int64_t>(head()) * (rows * values) + (row * values + j + column);
#pragma unroll
    for (int i = 0; i < rows; i += step) copy_16_bytes(&to.at(row + i, j), from + i * values);
  }
  /// Slabs of S and V'.
  __device__ void fetch_states(int column, int to) const {
    const Tiles t = slabs(to);
    fetch(saved.states_, column, t.state), fetch(saved.values_, column, t.values);
  }
  /// And of dS' and dX.
  __device__ void fetch_all(int column, int to) const {
    const Tiles t = slabs(to);
    fetch_states(column, to);
    fetch(scratch.d_states_, column, t.d_state), fetch(scratch.d_x_, column, t.d_x);
  }
  /// Begins to read the warp's rows of dO or V, slab `column` if there is one.
  __device__ void read(Rows<const bf16> x, int column) {
    if (column < static_cast<int>(saved.values)) read_rows(x, at, first(), h * s.value_dim + column, s.value_dim - column, raw);
  }

  /// dp += dO V'^T, from_state += dO S^T
  __device__ void output_products(Rows<const bf16> d_out, float (&dp)[square][4], float (&from_state)[wide][4]) {
    const auto fetch = [&](int column, int to) { fetch_states(column, to); };
    const auto next = [&](int column, int to) { fetch_all(column, to); };
    for_slabs(fetch, next, [&](int column, const Tiles& t) {
      LeftFragments<slab_steps> left;
      left.round(raw, unit * of_values[column / slab]);
      read(d_out, column + slab);
      multiply_pairs(dp, left, t.values, first());
      multiply<true, slab_steps>(from_state, left, t.state);
    });
  }

  /// dl += dX V'^T, from_state += dX S^T, to_end += V' dS'^T; <S, dS'> to `whole`, <dX_i, V_i> to `dots`, the lane's part.
  __device__ void value_products(float (&dl)[square][4], float (&from_state)[wide][4], float (&to_end)[wide][4], float (&dots)[2]) {
    const auto fetch = [&](int column, int to) { fetch_all(column, to); };
    for_slabs(
        fetch, [](int, int) {},
        [&](int column, const Tiles& t) {
          LeftFragments<slab_steps> left;
          left.read(t.d_x, first());
          if (o.write_beta) {
            float of_slab[2] = {0, 0};
#pragma unroll
            for (int e = 0; e < slab / 2; ++e) {  // pair e / 2 of the lane, half e % 2
              const int step = e / 8, i = e / 2 % 4;
              of_slab[i % 2] = fmaf(of_pair<fp16>(left.x[step][i], e % 2), of_pair<bf16>(raw.raw[2 * step + i / 2][i % 2], e % 2),
                                    of_slab[i % 2]);
            }
            for (int e = 0; e < 2; ++e) dots[e] = fmaf(of_d_x[column / slab], of_slab[e], dots[e]);
            read(in.v, column + slab);
          }
          left.times_any(to_unit(column));
          multiply_pairs(dl, left, t.values, first());
          multiply<true, slab_steps>(from_state, left, t.state);
          left.read(t.values, first());
          left.times_any(to_unit(column));
          multiply<true, slab_steps>(to_end, left, t.d_state);
          whole = fmaf(of_values[column / slab] * of_d_x[column / slab], state_dots<key_steps>(t.state, t.d_state, first()), whole);
        });
  }
  /// The gradient of unit q: from_state -> query_scale E o (dO S^T) + (dP o G) K, in units of `unit` times what is returned. Leaves
  /// d_p and, in d_start, what E of the queries hands back.
  __device__ float query_gradient(float (&dp)[square][4], float (&from_state)[wide][4]) {
    const int first = this->first();
    const TwoRows from_start(decays.from_start, first), factors(q_factors, first);
    Pairs with_k = pairs(d_p, first);
    with_k.find_column_decays();
    PairSums pair_sums;
    with_k.template put<true, key_steps>(dp, LeftRows<Keys>{q, first}, k, o.query_scale, factors.x, pair_sums);
    pair_sums.put_away(kept_sums, first, with_k.d_pair);
    const float fit = fit_warp(with_k.most, fits_p + first / 16);
    const float of_row[2] = {fit * factors.x[0], fit * factors.x[1]};
    const LeftFragments<square / 2> left = with_k.rounded(dp, {fit, fit}, of_row, d_p);
    float starts[2] = {0, 0};
    LeftFragments<key_steps> rows;
    rows.read(q, first);
    for_both_rows(from_state, rows, [&](int r, const float& x, float y) { starts[r] = fmaf(x, y, starts[r]); });
    for (int e = 0; e < 2; ++e) starts[e] *= reciprocal_of_power(unit) * (o.query_scale * from_start.x[e] * factors.x[e]);
    put_rows(starts, first, d_start);
    const float scale[2] = {fit * (o.query_scale * from_start.x[0]), fit * (o.query_scale * from_start.x[1])};
    for_elements(from_state, [&](int i, int, float& x) { x *= scale[i / 8]; });
    multiply<false, chunk / 16>(from_state, left, k, 0, first / 16 + 1);
    return fit;
  }

  /// from_state = dX S^T -> the gradient of unit k, in units of `unit` times what is returned.  Leaves all that the gates need.
  __device__ float key_gradient(float (&dl)[square][4], float (&from_state)[wide][4], float (&to_end)[wide][4], float (&dots)[2]) {
    const float of_unit = reciprocal_of_power(unit);
    const int first = this->first();
    const TwoRows beta(decays.beta, first);
    float starts[2] = {0, 0}, ends[2] = {0, 0};
    {
      const TwoRows from_start(decays.from_start, first), of_end(decays.to_end, first);
      add_two_dots(from_state, to_end, k, first, starts, ends);
      for (int e = 0; e < 2; ++e) starts[e] *= -from_start.x[e], dots[e] = fmaf(of_unit, starts[e], dots[e]);
      for (int e = 0; e < 2; ++e) starts[e] *= of_unit * beta.x[e], ends[e] *= of_unit;
      put_rows<true>(starts, first, d_start), put_rows(ends, first, d_end);
      const float erased[2] = {-beta.x[0] * from_start.x[0], -beta.x[1] * from_start.x[1]};
      for_both(from_state, to_end, [&](int i, int, float& x, float y) { x = fmaf(of_end[i], y, erased[i / 8] * x); });
    }
    const Square right = beta_d_l();
    Pairs with_k = pairs(right, first);
    PairSums pair_sums;
    pair_sums.take_back(kept_sums, first, with_k.d_pair);
    with_k.template put<false, key_steps>(dl, LeftRows<Keys>{k, first}, k, -1.0f, beta.x, pair_sums);
    const float fit = fit_warp(with_k.most, fits_l + first / 16), factors[2] = {fit * beta.x[0], fit * beta.x[1]};
    LeftFragments<square / 2> left = with_k.rounded(dl, factors, factors, right);
    for (int e = 0; e < 2; ++e) dots[e] = fmaf(of_unit, with_k.products[e], dots[e]);
    put_rows(dots, first, d_beta);
    pair_sums.put(first, with_k.d_pair);
    whole = warp_sum(whole);
    if (threadIdx.x % warp_size == 0) sums[first / 16] = whole;
    __syncthreads();
    // B (dL o G) K and (dL o G)^T B K, then (dP o G)^T Q, at most 2^24 times as fine: its sums stay finite in that unit.
    const float fit_l = fit_block(fits_l), fit_p = fminf(fit_block(fits_p), 0x1p24f * fit_l);
    for_elements(from_state, [&](int, int, float& x) { x *= fit_l; });
    left.times(fit_l * reciprocal_of_power(fit));
    multiply<false, chunk / 16>(from_state, left, k, 0, first / 16 + 1);
    multiply_columns(from_state, right, first, fit_l, fits_l, k);
    const float finer = fit_p * reciprocal_of_power(fit_l);
    for_elements(from_state, [&](int, int, float& x) { x *= finer; });
    multiply_columns(from_state, d_p, first, fit_p, fits_p, q);
    return fit_p;
  }
  /// From the gradient of unit rows, in units of `fit` times `unit`, to that of q (part 0) or k (part 1): x / |x| has the gradient
  /// (d - x <x, d>) / |x|; the unit rows are factors x.  Where value heads share keys, only to `own`: delta_finish goes on.
  __device__ void finish(float (&d)[wide][4], const Keys& x, const float (&factors)[2], float fit, int part, Rows<bf16> to,
                         float* own) const {
    const float all = fminf(reciprocal_of_power(fit) * reciprocal_of_power(unit), 0x1p127f);  // finite: 0 times it is 0
    float scale[2] = {all, all};
    const int first = this->first();
    if (own) {
      for_elements(d, [&](int i, int j, float& e) {
        own[(static_cast<std::size_t>(head()) * chunk + first + i) * keys + j] = scale[0] * e;
      });
      return;
    }
    if (o.unit_keys) {
      const TwoRows of_part(norms + part * chunk, first);
      LeftFragments<key_steps> rows;
      rows.read(x, first);
      float along[2] = {0, 0};
      for_both_rows(d, rows, [&](int r, const float& y, float z) { along[r] = fmaf(y, z, along[r]); });
      for (int e = 0; e < 2; ++e) along[e] = -row_sum(along[e]) * (factors[e] * factors[e]), scale[e] *= of_part.x[e];
      for_both_rows(d, rows, [&](int r, float& y, float z) { y = fmaf(z, along[r], y); });
    }
    for_elements(d, [&](int i, int, float& y) { y *= scale[i / 8]; });
    write_rows(d, at, h * s.key_dim, s.key_dim, 1, to, first);
  }

  __device__ void gate_gradients(Rows<float> d_g, Rows<float> d_betas) const {
    if (first_row / 16 != warps - 1) return;  // it has the fewest products with columns
    const float of_whole = decays.whole() * ((sums[0] + sums[1]) + (sums[2] + sums[3]));
    TokenGradients{decays, d_start, d_end, d_pairs, d_beta}.put(at, h, unit, of_whole, d_g, d_betas);
  }
};

}  // namespace v4
}  // namespace separatrix::SIMT
