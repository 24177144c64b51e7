// Forward of v4; formulas and the three kernels: cuda_forward.h.  P is made in the output kernel and kept for the backward.
#pragma once
#include "kernels/gated_delta_rule/cuda_forward.h"
#include "kernels/gated_delta_rule/cuda_v4_pieces.h"

namespace separatrix::SIMT {
namespace v4 {

/// Rows of a chunk into a tile as fp16, their factors and 1 / |row|; one warp a row.  Zero beyond the sequence and beyond `dim`.
template <int keys>
__device__ void pack_rows(Rows<const bf16> x, const ChunkPlace& at, int column, int dim, bool unit,
                          const WarpTile<fp16, chunk, keys>& tile, float* factors, float* norms) {
  const int lane = threadIdx.x % warp_size;
  for (int i = threadIdx.x / warp_size; i < chunk; i += warps) {
    float row[keys / warp_size], sum = 0, most = 0;
#pragma unroll
    for (int e = 0; e < keys / warp_size; ++e) {
      const int j = lane + e * warp_size;
      row[e] = i < at.count && j < dim ? to_float(x.row(at.first + i)[column + j]) : 0.0f;
      sum = fmaf(row[e], row[e], sum), most = fmaxf(most, fabsf(row[e]));
    }
    const float norm = 1.0f / sqrtf(warp_sum(sum) + 1e-6f);  // all lanes take part, also where it is not asked for
    most = warp_max(most);
    const float scale = unit ? 2 * scale_below_1(most) : 1.0f;
#pragma unroll
    for (int e = 0; e < keys / warp_size; ++e) tile.at(i, lane + e * warp_size) = from_float<fp16>(scale * row[e]);
    if (lane == 0) factors[i] = unit ? norm / scale : 1.0f, norms[i] = unit ? norm : 1.0f;
  }
}

/// The rows of a tile to global memory without gaps.
template <class TileType>
__device__ void keep(const TileType& tile, fp16* to) {
  constexpr int across = TileType::columns / 8;
  const int thread = forgotten(threadIdx.x);
  if constexpr (delta_threads % across == 0) {
    constexpr int step = delta_threads / across;
    const fp16* from = &tile.at(thread / across, thread % across * 8);
    std::uint32_t x[TileType::rows / step][4];
#pragma unroll
    for (int i = 0; i < TileType::rows / step; ++i) load_8(from + i * step * TileType::stride, x[i]);
#pragma unroll
    for (int i = 0; i < TileType::rows / step; ++i) store_8(to + 8 * (thread + i * delta_threads), x[i]);
  } else
#pragma unroll 2
    for (int e = thread; e < TileType::rows * across; e += delta_threads) copy_8(to + 8 * e, &tile.at(e / across, e % across * 8));
}

template <int keys>
constexpr std::size_t prepare_floats() {
  return WarpTile<fp16, chunk, keys>::floats + 3 * chunk * chunk_row + Decays::floats + 2 * chunk;
}

/// grid (slots, value_heads): keys, decays and A.
template <int keys>
__global__ void __launch_bounds__(delta_threads) prepare(DeltaSizes s, DeltaOptions o, DeltaArguments<bf16> in, Saved saved) {
  using Keys = WarpTile<fp16, chunk, keys>;
  const int h = blockIdx.y, group = s.value_heads / s.key_heads, kh = h / group;
  const ChunkPlace at = place_of_slot(s, blockIdx.x);
  if (at.count <= 0) return;
  const std::size_t head = static_cast<std::size_t>(at.slot) * s.value_heads + h;
  const std::size_t key_head = static_cast<std::size_t>(at.slot) * s.key_heads + kh;
  SharedPieces pieces(shared_memory());
  const Keys k(pieces);
  float *l = pieces.take(chunk * chunk_row), *a = pieces.take(chunk * chunk_row), *scratch = pieces.take(chunk * chunk_row);
  float* decay_numbers = pieces.take(Decays::floats);
  Decays decays(decay_numbers);
  float *factors = pieces.take(chunk), *norms = pieces.take(chunk);
  decays.load(in.g, in.beta, at, h);
  pack_rows<keys>(in.k, at, kh * s.key_dim, s.key_dim, o.unit_keys, k, factors, norms);
  __syncthreads();
  for (int e = threadIdx.x; e < Decays::floats; e += delta_threads) saved.decays(head)[e] = decay_numbers[e];
  if (h % group == 0) {
    keep(k, saved.k(key_head));
    if (threadIdx.x < chunk) {
      saved.factors(key_head)[chunk + threadIdx.x] = factors[threadIdx.x];
      saved.norms(key_head)[chunk + threadIdx.x] = norms[threadIdx.x];
    }
  }
  const int first = threadIdx.x / warp_size * 16;
  float kk[chunk / 8][4];
  clear(kk);
  multiply<true, keys / 16>(kk, LeftRows<Keys>{k, first}, k);
  for_elements(kk, [&](int row, int j, float& x) {
    const int i = first + row;
    l[i * chunk_row + j] = j < i ? decays.beta[i] * decays.pair(i, j) * (factors[i] * factors[j] * x) : 0.0f;
  });
  __syncthreads();
  invert_lower<Tf32x3Product>(l, a, scratch);
  fp16* inverse = saved.inverse(head);
  for (int e = 2 * threadIdx.x; e < chunk * chunk; e += 2 * delta_threads) {
    const float* from = a + e / chunk * chunk_row + e % chunk;
    store_pair(inverse + e, to_fp16_pair(from[0], from[1]));
  }
}

template <int keys>
constexpr std::size_t scan_floats() {
  return 2 * WarpTile<fp16, chunk, keys>::floats + 2 * WarpTile<fp16, chunk, chunk>::floats + WarpTile<fp16, keys, slab>::floats +
         2 * WarpTile<fp16, chunk, slab>::floats + 2 * (Decays::floats + chunk) + warps;
}

/// grid: ScanPart.  `local`: only what a piece does to the state (cuda_v4_pieces.h), nothing is kept.
template <int keys, bool local>
__global__ void __launch_bounds__(delta_threads, 2)  // without saying so, nvcc spills registers
    scan(DeltaSizes s, DeltaOptions o, DeltaArguments<bf16> in, Saved saved, Pieces pieces, float* final_state) {
  using Keys = WarpTile<fp16, chunk, keys>;
  using Square = WarpTile<fp16, chunk, chunk>;
  using Slab = WarpTile<fp16, chunk, slab>;
  const ScanPart part(s, pieces);
  if (part.piece > part.last || (local && (part.piece == part.last || (part.transition && part.piece == 0)))) return;
  const int n = part.sequence, h = blockIdx.y, column = part.column, kh = h / (s.value_heads / s.key_heads);
  const int first = threadIdx.x / warp_size * 16;
  SharedPieces shared(shared_memory());
  const Keys k_tiles(shared, 2);
  const Square inverse_tiles(shared, 2);
  const WarpTile<fp16, keys, slab> state_tile(shared);
  const Slab x_tile(shared), solved_tile(shared);
  float* numbers = shared.take(2 * (Decays::floats + chunk));  // decays, then the factors of k; twice
  const BlockMax block_max{shared.take(warps)};
  const std::size_t own = (static_cast<std::size_t>(n) * s.value_heads + h) * s.key_dim * s.value_dim;
  SlabState<keys> state;  // times `scale`
  if (part.transition)
    state.load_identity(column);
  else if (part.piece == 0)
    state.load(in.state ? in.state + own : nullptr, s.key_dim, s.value_dim, column);
  else
    state.load(local ? nullptr : pieces.state(s, n, h, part.piece), s.key_dim, s.value_dim, column);
  SlabRows next_v;
  const auto fetch = [&](int c) {
    if (c >= part.end) return;
    const ChunkPlace at = place_of(s, n, c);
    const std::size_t head = static_cast<std::size_t>(at.slot) * s.value_heads + h;
    const std::size_t key_head = static_cast<std::size_t>(at.slot) * s.key_heads + kh;
    stage<chunk, keys>(saved.k(key_head), keys, k_tiles.part(c));
    stage<chunk, chunk>(saved.inverse(head), chunk, inverse_tiles.part(c));
    float* to = numbers + c % 2 * (Decays::floats + chunk);
    stage_floats(saved.decays(head), Decays::floats, to);
    stage_floats(saved.factors(key_head) + chunk, chunk, to + Decays::floats);
    next_v.load(in.v, at, h * s.value_dim + column, part.transition ? 0 : s.value_dim - column);
  };
  float scale = 1;
  fetch(part.begin);
  for (int c = part.begin; c < part.end; ++c) {
    const ChunkPlace at = place_of(s, n, c);
    const std::size_t head = static_cast<std::size_t>(at.slot) * s.value_heads + h;
    const Keys k = k_tiles.part(c);
    const Square inverse = inverse_tiles.part(c);
    const Decays decays(numbers + c % 2 * (Decays::floats + chunk));
    const float* factors = numbers + c % 2 * (Decays::floats + chunk) + Decays::floats;
    float v[slab / 8][4], sums[slab / 8][4];
    next_v.to_sums(v);
    block_max.put(fmaxf(largest(v), state.largest() / scale));
    arrive_copies();
    __syncthreads();
    const float scale_before = scale;
    scale = scale_below_1(block_max.get());
    state.keep(scale / scale_before, state_tile, local ? nullptr : saved.state(head) + column, saved.values);
    if (!local && threadIdx.x == 0) saved.scales(head)[column / slab] = scale;
    fetch(c + 1);
    __syncthreads();
    // X = B V - B E o (K S)
    clear(sums);
    multiply<false, keys / 16>(sums, LeftRows<Keys>{k, first}, state_tile);
    for_elements(v, [&](int row, int, float& x) { x *= scale * (o.write_beta ? decays.beta[first + row] : 1.0f); });
    for_elements(sums, [&](int row, int, float& x) {
      x *= -decays.beta[first + row] * decays.from_start[first + row] * factors[first + row];
    });
    for_both(v, sums, [](int, int, float& x, float y) { x += y; });
    for_pairs(v, [&](int row, int j, float& a, float& b) { x_tile.put_pair(first + row, j, to_fp16_pair(a, b)); });
    __syncthreads();
    // V' = A X; rows of A end at the diagonal.
    clear(sums);
    multiply<false, chunk / 16>(sums, LeftRows<Square>{inverse, first}, x_tile, 0, first / 16 + 1);
    fp16* kept_values = saved.value_rows(head) + column;
    for_pairs(sums, [&](int row, int j, float& a, float& b) {
      const int i = first + row;
      if (!local) store_pair(kept_values + i * saved.values + j, to_fp16_pair(a, b));
      const float factor = decays.to_end[i] * factors[i];
      solved_tile.put_pair(i, j, to_fp16_pair(factor * a, factor * b));
    });
    __syncthreads();
    state.times(decays.whole());
    state.add(k, solved_tile);
  }
  if (part.transition)
    state.store(pieces.transition(s, n, h, part.piece), s.key_dim, s.key_dim, column, 1 / scale);
  else if (local)
    state.store(pieces.state(s, n, h, part.piece + 1), s.key_dim, s.value_dim, column, 1 / scale);
  else if (final_state && part.piece == part.last)
    state.store(final_state + own, s.key_dim, s.value_dim, column, 1 / scale);
}

template <int keys>
constexpr std::size_t output_floats() {
  return 2 * WarpTile<fp16, chunk, keys>::floats + 2 * WarpTile<fp16, keys, slab>::floats +
         2 * WarpTile<fp16, chunk, slab>::floats + Decays::floats + 3 * chunk;
}

/// grid (slots, value_heads): P, and O = E o (Q S) + P V'.
template <int keys>
__global__ void __launch_bounds__(delta_threads)
    output(DeltaSizes s, DeltaOptions o, DeltaArguments<bf16> in, Saved saved, Rows<bf16> out) {
  using Keys = WarpTile<fp16, chunk, keys>;
  const int h = blockIdx.y, group = s.value_heads / s.key_heads, kh = h / group, values = static_cast<int>(saved.values);
  const ChunkPlace at = place_of_slot(s, blockIdx.x);
  if (at.count <= 0) return;
  const std::size_t head = static_cast<std::size_t>(at.slot) * s.value_heads + h;
  const std::size_t key_head = static_cast<std::size_t>(at.slot) * s.key_heads + kh;
  const int first = threadIdx.x / warp_size * 16;
  SharedPieces pieces(shared_memory());
  const Keys q(pieces), k(pieces);
  const WarpTile<fp16, keys, slab> state_tiles(pieces, 2);
  const WarpTile<fp16, chunk, slab> solved_tiles(pieces, 2);
  float *decay_numbers = pieces.take(Decays::floats), *k_factors = pieces.take(chunk);
  float *q_factors = pieces.take(chunk), *q_norms = pieces.take(chunk);
  const Decays decays(decay_numbers);
  const auto fetch = [&](int column) {
    stage<keys, slab>(saved.state(head) + column, saved.values, state_tiles.part(column / slab));
    stage<chunk, slab>(saved.value_rows(head) + column, saved.values, solved_tiles.part(column / slab));
  };
  stage<chunk, keys>(saved.k(key_head), keys, k);
  stage_floats(saved.decays(head), Decays::floats, decay_numbers);
  stage_floats(saved.factors(key_head) + chunk, chunk, k_factors);
  fetch(0);
  pack_rows<keys>(in.q, at, kh * s.key_dim, s.key_dim, o.unit_keys, q, q_factors, q_norms);
  arrive_copies();
  __syncthreads();
  if (h % group == 0) {
    keep(q, saved.q(key_head));
    if (threadIdx.x < chunk) {
      saved.factors(key_head)[threadIdx.x] = q_factors[threadIdx.x];
      saved.norms(key_head)[threadIdx.x] = q_norms[threadIdx.x];
    }
  }
  float p[chunk / 8][4];
  clear(p);
  multiply<true, keys / 16>(p, LeftRows<Keys>{q, first}, k);
  for_elements(p, [&](int row, int j, float& x) {
    const int i = first + row;
    x = j <= i ? decays.pair(i, j) * (o.query_scale * q_factors[i] * k_factors[j] * x) : 0.0f;
  });
  fp16* kept_p = saved.p(head);
  for_pairs(p, [&](int row, int j, float& a, float& b) { store_pair(kept_p + (first + row) * chunk + j, to_fp16_pair(a, b)); });
  for (int column = 0; column < values; column += slab) {
    if (column > 0) {
      arrive_copies();
      __syncthreads();
    }
    if (column + slab < values) fetch(column + slab);
    float sums[slab / 8][4];
    clear(sums);
    multiply<false, keys / 16>(sums, LeftRows<Keys>{q, first}, state_tiles.part(column / slab));
    for_elements(sums,
                 [&](int row, int, float& x) { x *= decays.from_start[first + row] * (o.query_scale * q_factors[first + row]); });
    multiply<false, chunk / 16>(sums, LeftSums<fp16, chunk / 8>{p}, solved_tiles.part(column / slab), 0, first / 16 + 1);
    write_rows(sums, at, h * s.value_dim + column, s.value_dim - column, 1 / saved.scales(head)[column / slab], out);
  }
}

}  // namespace v4
}  // namespace separatrix::SIMT
