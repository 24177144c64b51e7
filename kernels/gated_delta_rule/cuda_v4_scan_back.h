// The first of v4's backward kernels: from the last chunk to the first, dX and the gradient of the state (cuda_backward.h).
// What does not wait for the state, P^T dO and (E o Q)^T dO, is made a chunk ahead, where the others wait for one another: dO is
// scaled by itself, and its products are brought to the state's scale when they are added.
#pragma once
#include "kernels/gated_delta_rule/cuda_v4_pieces.h"
#include "kernels/gated_delta_rule/cuda_v4_rows_back.h"

namespace separatrix::SIMT {
namespace v4 {

template <int keys>
constexpr std::size_t scan_back_floats() {
  return 4 * WarpTile<fp16, chunk, keys>::floats + 4 * WarpTile<fp16, chunk, chunk>::floats + WarpTile<fp16, keys, slab>::floats +
         4 * WarpTile<fp16, chunk, slab>::floats + 3 * (Decays::floats + 2 * chunk) + 2 * warps;
}

/// d += A^T B and d_other += C^T D for the warp's 16 columns of A and C, which are zero above the diagonal: the warps of the second
/// half leave the first half of the rows out, no more, so that many products are begun together.
template <int n, class Square, class TileType>
__device__ void multiply_lower(float (&d)[n][4], const Square& a, const TileType& b, float (&d_other)[n][4], const Square& c,
                               const TileType& other, int first) {
  const auto half = [&](int row) {
    const Square left = a.from(row, 0), other_left = c.from(row, 0);
    multiply<false, chunk / 32>(d, LeftColumns<Square>{left, first}, b.from(row, 0));
    multiply<false, chunk / 32>(d_other, LeftColumns<Square>{other_left, first}, other.from(row, 0));
  };
  if (first < chunk / 2) half(0);
  half(chunk / 2);
}

/// Copies of (chunk, columns) halves of one chunk after the other, backwards; the thread's place is found once.
template <int columns>
struct TilesBack {
  static constexpr int across = columns / 8;
  static constexpr bool even = delta_threads % across == 0;  // else by stage
  const fp16* from;
  std::ptrdiff_t back;
  __device__ TilesBack(const fp16* last, std::ptrdiff_t distance) : from(last), back(distance) {
    if constexpr (even) from += 8 * threadIdx.x;
  }
  __device__ void copy(const WarpTile<fp16, chunk, columns>& to) {
    if constexpr (even) {
      fp16* place = &to.at(threadIdx.x / across, threadIdx.x % across * 8);
#pragma unroll
      for (int i = 0; i < chunk; i += delta_threads / across) copy_16_bytes(place + i * to.stride, from + i * columns);
    } else
      stage<chunk, columns>(from, columns, to);
    from -= back;
  }
};

/// The same for decays and factors, 16 bytes a thread.
struct NumbersBack {
  static constexpr int decays = Decays::floats / 4, floats = Decays::floats + 2 * chunk;
  static_assert(floats / 4 <= delta_threads);
  const float* from;
  std::ptrdiff_t back;
  __device__ NumbersBack(const Saved& saved, std::size_t head, std::size_t key_head, const DeltaSizes& s) {
    const int thread = threadIdx.x;
    from = thread < decays ? saved.decays(head) + 4 * thread : saved.factors(key_head) + 4 * (thread - decays);
    back = thread < decays ? s.value_heads * Decays::floats : s.key_heads * 2 * chunk;
  }
  __device__ void copy(float* to) {
    if (threadIdx.x < floats / 4) copy_16_bytes(to + 4 * threadIdx.x, from);
    from -= back;
  }
};

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
  float* numbers = shared.take(3 * NumbersBack::floats);  // decays, factors of q and of k; of three chunks
  const BlockMax state_max{shared.take(warps)}, out_max{shared.take(warps)};
  const std::size_t own = (static_cast<std::size_t>(n) * s.value_heads + h) * s.key_dim * s.value_dim;
  SlabState<keys> d_state;  // times `scale`, without the factor `left`
  if (part.piece == part.last)
    d_state.load(d_final_state ? d_final_state + own : nullptr, s.key_dim, s.value_dim, column);
  else
    d_state.load(local ? nullptr : pieces.d_state(s, n, h, part.piece), s.key_dim, s.value_dim, column);
  const Sequence sequence(s, n);  // `starts` is read once
  const ChunkPlace last = sequence.place(part.end - 1);
  const std::size_t last_head = static_cast<std::size_t>(last.slot) * s.value_heads + h;
  const std::size_t last_key_head = static_cast<std::size_t>(last.slot) * s.key_heads + kh;
  const int values = static_cast<int>(scratch.values);
  TilesBack<keys> next_k(saved.k(last_key_head), s.key_heads * chunk * keys),
      next_q(saved.q(last_key_head), s.key_heads * chunk * keys);
  TilesBack<chunk> next_inverse(saved.inverse(last_head), s.value_heads * chunk * chunk);
  TilesBack<chunk> next_p(saved.p(last_head), s.value_heads * chunk * chunk);
  NumbersBack next_numbers(saved, last_head, last_key_head, s);
  const auto numbers_of = [&](int c) { return numbers + c % 3 * NumbersBack::floats; };
  const auto fetch_inner = [&](int c) {
    if (c >= part.begin) next_k.copy(k_tiles.part(c)), next_inverse.copy(inverse_tiles.part(c));
  };
  const auto fetch_outer = [&](int c) {
    if (c >= part.begin) next_q.copy(q_tiles.part(c)), next_p.copy(p_tiles.part(c)), next_numbers.copy(numbers_of(c));
  };
  // What is kept, from the thread's place on.
  const int lane = threadIdx.x % warp_size, g = lane / 4, t = lane % 4;
  const int state_row = threadIdx.x / warp_size / 2 * 16 + g, state_column = threadIdx.x / warp_size % 2 * 16 + 2 * t;
  fp16* kept_state = scratch.d_state(last_head) + column + state_row * values + state_column;
  fp16* kept_x = scratch.d_x(last_head) + column + (first + g) * values + 2 * t;

  // Of the chunk ahead.
  SlabRows out_rows;
  float out_most = 0, out_scale = 1;  // the largest of |dO|, and the scale of what follows
  float with_p[slab / 8][4];          // P^T dO
  SlabState<keys> with_q;             // (E o Q)^T dO
  const auto read_out = [&](int c) {
    if (c >= part.begin) out_rows.load(d_out, sequence.place(c), h * s.value_dim + column, s.value_dim - column);
  };
  const auto put_out_max = [&] {
    float out[slab / 8][4];
    out_rows.to_sums(out);
    put_most(out_max, largest(out));
  };
  const auto put_out = [&](int c) {
    out_most = out_max.get(), out_scale = scale_below_1(out_most);
    const Decays decays(numbers_of(c));
    const TwoRows of_q(numbers_of(c) + Decays::floats, first), high(decays.high, first), low(decays.low, first);
    const float high_0 = decays.high[0], low_0 = decays.low[0];
    float factors[2];  // G_i0, and those of the queries
    for (int e = 0; e < 2; ++e) factors[e] = exp_below_0((high.x[e] - high_0) + (low.x[e] - low_0)) * (o.query_scale * of_q.x[e]);
    float out[slab / 8][4];
    out_rows.to_sums(out);
    for_pairs(out, [&](int row, int j, float& a, float& b) {
      a *= out_scale, b *= out_scale;
      out_tile.put_pair(first + row, j, to_fp16_pair(a, b));
      q_out_tile.put_pair(first + row, j, to_fp16_pair(factors[row / 8] * a, factors[row / 8] * b));
    });
  };
  const auto multiply_q = [&](int c) {
    with_q.pairs([](int, int, float& a, float& b) { a = b = 0; });
    with_q.add(q_tiles.part(c), q_out_tile);
  };

  float scale = 1, left = 1;
  if (part.end > part.begin) {
    const int c = part.end - 1;
    fetch_inner(c), fetch_outer(c), fetch_outer(c - 1);
    read_out(c);
    put_out_max();
    arrive_copies();
    __syncthreads();
    put_out(c);
    read_out(c - 1);
    __syncthreads();
    clear(with_p);
    multiply<false, chunk / 16>(with_p, LeftColumns<Square>{p_tiles.part(c), first}, out_tile, first / 16, chunk / 16);
    multiply_q(c);
  }
  for (int c = part.end - 1; c >= part.begin; --c) {
    const bool more = c > part.begin;
    const Keys k = k_tiles.part(c);
    const Decays decays(numbers_of(c));
    const float* k_factors = numbers_of(c) + Decays::floats + chunk;
    put_most(state_max, d_state.largest() * left * reciprocal_of_power(scale));
    if (more) put_out_max();
    arrive_copies();
    __syncthreads();
    const float scale_before = scale;
    scale = scale_below_1(fmaxf(state_max.get(), out_most));
    const float to_scale = scale * reciprocal_of_power(out_scale);
    if (more) put_out(c - 1);  // meanwhile
    d_state.keep(left * (scale * reciprocal_of_power(scale_before)), state_tile, nullptr, 0);
    if (!local && threadIdx.x == 0)
      scratch.scales(static_cast<std::size_t>(sequence.place(c).slot) * s.value_heads + h)[column / slab] = scale;
    const TwoRows of_k(k_factors, first), beta(decays.beta, first), to_end(decays.to_end, first);
    const TwoRows high(decays.high, first), low(decays.low, first);
    float of_x[2];  // -B G_i0, and the factor of k
    for (int e = 0; e < 2; ++e)
      of_x[e] = -beta.x[e] * exp_below_0((high.x[e] - decays.high[0]) + (low.x[e] - decays.low[0])) * of_k.x[e];
    __syncthreads();
    // dV' = P^T dO + D o (K dS')
    float sums[slab / 8][4];
    clear(sums);
    multiply<false, keys / 16>(sums, LeftRows<Keys>{k, first}, state_tile);
    for_two(sums, with_p, [&](int row, int, float& x, float y) { x = fmaf(to_end[row] * of_k[row], x, to_scale * y); });
    for_pairs(sums, [&](int row, int j, float& a, float& b) { y_tile.put_pair(first + row, j, to_fp16_pair(a, b)); });
    if constexpr (!local) {
#pragma unroll
      for (int e = 0; e < 4 * SlabState<keys>::units; ++e) {  // pair e % 4 of unit e / 4
        const float* two = &d_state.x[e / 4][e % 2][e / 2 % 2 * 2];
        store_pair(kept_state + (e / 4 * 32 + e / 2 % 2 * 8) * values + e % 2 * 8, to_fp16_pair(two[0], two[1]));
      }
      kept_state -= static_cast<std::ptrdiff_t>(s.value_heads) * keys * values;
    }
    fetch_inner(c - 1), fetch_outer(c - 2);
    if (more) read_out(c - 2);
    __syncthreads();
    // dX = A^T dV'
    float write[2];
    for (int e = 0; e < 2; ++e) write[e] = (o.write_beta ? beta.x[e] : 1.0f) * reciprocal_of_power(scale);
    clear(sums), clear(with_p);
    multiply_lower(sums, inverse_tiles.part(c), y_tile, with_p, p_tiles.part(c + 1), out_tile,
                   first);  // of c - 1; nothing comes of it where there is none
    for_pairs(sums, [&](int row, int j, float& a, float& b) {
      x_tile.put_pair(first + row, j, to_fp16_pair(of_x[row / 8] * a, of_x[row / 8] * b));
      if (!local) store_pair(kept_x + row / 8 * 8 * values + j / 8 * 8, to_fp16_pair(a, b));
      a *= write[row / 8], b *= write[row / 8];
    });
    __syncthreads();
    // dS = e^{gamma_n} dS' + (E o Q)^T dO - (B E o K)^T dX; E_0, the largest of E, comes last: operands hold no 1e-27.
    const float whole = decays.pair(chunk - 1, 0);
#pragma unroll
    for (int u = 0; u < SlabState<keys>::units; ++u)
      for_two(d_state.x[u], with_q.x[u], [&](int, int, float& x, float y) { x = fmaf(whole, x, to_scale * y); });
    d_state.add(k, x_tile);
    left = decays.from_start[0];
    if (keys <= 96 || more) multiply_q(c + 1);  // of c - 1 likewise; with more keys apart, for want of registers
    kept_x -= static_cast<std::ptrdiff_t>(s.value_heads) * chunk * values;
    if (!local) write_rows(sums, sequence.place(c), h * s.value_dim + column, s.value_dim - column, 1, d_v);
  }
  if (local)
    d_state.store(pieces.d_state(s, n, h, part.piece - 1), s.key_dim, s.value_dim, column, left * reciprocal_of_power(scale));
  else if (d_first_state && part.piece == 0)
    d_state.store(d_first_state + own, s.key_dim, s.value_dim, column, left * reciprocal_of_power(scale));
}

}  // namespace v4
}  // namespace separatrix::SIMT
