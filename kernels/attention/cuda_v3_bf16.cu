// v3  bf16 operands on the tensor cores, sums and softmax fp32; scores never leave the registers, the next tiles are copied
//     (cp.async) while one is computed.  P and dS are rounded to bf16 as operands.
//     forward            one warp per 16 queries: running maximum and sum
//     backward_queries   dQ: as the forward        backward_keys   dK, dV: one warp per 16 keys, scores transposed
//     floors at B 32 T 1024 H 4 64 on an H200 (790 TFLOP/s, 4.3 TB/s), forward / backward: arithmetic 22 / 76 us (seven products,
//     for scores are computed twice instead of being added up between blocks), bytes 16 / 31 us
//     predicted there by counting the compiled code: 545 instructions a warp and 64 keys forward, 545 and 690 backward, all issue slots:
//     41 / 93 us (1,146, 1,398 and 1,648 before copies kept to their columns, powers of two were one operation, masks were on the
//     diagonal alone and the scale was folded in)    not measured
#include "kernels/attention/cuda_flash.h"

namespace separatrix::SIMT {
namespace flash {
namespace {

template <int dims>
__global__ void __launch_bounds__(threads)
    forward(AttentionShape s, Rows<const bf16> q_all, Rows<const bf16> k_all, Rows<const bf16> v_all, Rows<bf16> out, float* lse) {
  using Block = Tile<rows, dims>;
  constexpr int across = rows / 8, wide = dims / 8;
  const Head q_rows(s, q_all), k_rows(s, k_all), v_rows(s, v_all);
  SharedPieces pieces(shared_memory());
  const Block q(pieces), k(pieces, 2), v(pieces, 2);
  const int last = gridDim.x - 1 - blockIdx.x, warp_row = threadIdx.x / warp_size * 16;  // the longest rows first
  const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(last) * rows;
  q.stage(q_rows, first), k.stage(k_rows, 0), v.stage(v_rows, 0);
  float o[wide][4], top[2] = {-INFINITY, -INFINITY}, total[2] = {0, 0};  // of rows g and g + 8; total: of this lane's columns
  clear(o);
  const float scale = score_scale(s);
  const auto turn = [&](int c, auto diagonal) {
    arrive_copies();
    __syncthreads();
    if (!diagonal) k.part(c + 1).stage(k_rows, (c + 1) * rows), v.part(c + 1).stage(v_rows, (c + 1) * rows);
    float p[across][4];
    clear(p);
    multiply<true, dims / 16>(p, LeftRows<Block>{q, warp_row}, k.part(c));
    float best[2] = {top[0], top[1]}, shrink[2], most[2];  // of scores, which are not scaled yet; most: scaled
    for_elements(p, [&](int i, int j, float& x) {
      if (diagonal && j > warp_row + i) x = -INFINITY;
      best[i / 8] = fmaxf(best[i / 8], x);
    });
    for (int h = 0; h < 2; ++h) {
      best[h] = row_max(best[h]), most[h] = scale * best[h];
      shrink[h] = power_of_two(scale * top[h] - most[h]);
      top[h] = best[h], total[h] *= shrink[h];
    }
    for_elements(p, [&](int i, int, float& x) {
      x = power_of_two(fmaf(x, scale, -most[i / 8]));
      total[i / 8] += x;
    });
    for_elements(o, [&](int i, int, float& x) { x *= shrink[i / 8]; });
    multiply<false, rows / 16>(o, LeftSums<bf16, across>{p}, v.part(c));
  };
  for (int c = 0; c < last; ++c) turn(c, std::false_type{});
  turn(last, std::true_type{});
  for (int h = 0; h < 2; ++h) {
    total[h] = row_sum(total[h]);
    const std::ptrdiff_t row = first + warp_row + threadIdx.x % warp_size / 4 + 8 * h;
    if (threadIdx.x % 4 == 0 && row < s.length) lse[row_number(s, row)] = scale * top[h] * ln_2 + logf(total[h]);
  }
  for_elements(o, [&](int i, int, float& x) { x /= total[i / 8]; });
  write(s, o, first + warp_row, 1, out);
}

template <int dims>
__global__ void __launch_bounds__(threads)
    backward_queries(AttentionShape s, AttentionKept<bf16> saved, Rows<const bf16> dout, const float* row_dots, Rows<bf16> dq) {
  using Block = Tile<rows, dims>;
  constexpr int across = rows / 8, wide = dims / 8;
  const Head q_rows(s, saved.q), k_rows(s, saved.k), v_rows(s, saved.v), d_rows(s, dout);
  SharedPieces pieces(shared_memory());
  const Block q(pieces), d_o(pieces), k(pieces, 2), v(pieces, 2);
  const int last = gridDim.x - 1 - blockIdx.x, warp_row = threadIdx.x / warp_size * 16;
  const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(last) * rows;
  q.stage(q_rows, first), d_o.stage(d_rows, first), k.stage(k_rows, 0), v.stage(v_rows, 0);
  float lse[2], dots[2];  // of rows g and g + 8; beyond the sequence P vanishes
  for (int h = 0; h < 2; ++h) {
    const std::ptrdiff_t row = first + warp_row + threadIdx.x % warp_size / 4 + 8 * h;
    lse[h] = row < s.length ? saved.lse[row_number(s, row)] * log2_e : INFINITY;
    dots[h] = row < s.length ? row_dots[row_number(s, row)] : 0.0f;
  }
  float sum[wide][4];
  clear(sum);
  const float scale = score_scale(s);
  const auto turn = [&](int c, auto diagonal) {
    arrive_copies();
    __syncthreads();
    if (!diagonal) k.part(c + 1).stage(k_rows, (c + 1) * rows), v.part(c + 1).stage(v_rows, (c + 1) * rows);
    float p[across][4], ds[across][4];
    clear(p), clear(ds);
    multiply<true, dims / 16>(p, LeftRows<Block>{q, warp_row}, k.part(c));
    multiply<true, dims / 16>(ds, LeftRows<Block>{d_o, warp_row}, v.part(c));
    for_elements(p, [&](int i, int j, float& x) {
      x = power_of_two(fmaf(x, scale, -lse[i / 8]));
      if (diagonal && j > warp_row + i) x = 0;
    });
    score_gradient(p, ds, [&](int i, int) { return dots[i / 8]; });
    multiply<false, rows / 16>(sum, LeftSums<bf16, across>{ds}, k.part(c));
  };
  for (int c = 0; c < last; ++c) turn(c, std::false_type{});
  turn(last, std::true_type{});
  write(s, sum, first + warp_row, gradient_scale(s), dq);
}

/// Queries in blocks of `step`: fewer where a long head leaves fewer registers.
template <int dims, int step>
__global__ void __launch_bounds__(threads) backward_keys(AttentionShape s, AttentionKept<bf16> saved, Rows<const bf16> dout,
                                                         const float* row_dots, Rows<bf16> dk, Rows<bf16> dv) {
  using Keys = Tile<rows, dims>;
  using Queries = Tile<step, dims>;
  constexpr int across = step / 8, wide = dims / 8;
  const Head q_rows(s, saved.q), k_rows(s, saved.k), v_rows(s, saved.v), d_rows(s, dout);
  SharedPieces pieces(shared_memory());
  const Keys k(pieces), v(pieces);
  const Queries q(pieces, 2), d_o(pieces, 2);
  float* numbers = pieces.take(4 * step);  // lse and D of a block of queries, twice
  const int warp_row = threadIdx.x / warp_size * 16;
  const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(blockIdx.x) * rows;
  const auto stage = [&](std::ptrdiff_t query, int turn) {
    q.part(turn).stage(q_rows, query), d_o.part(turn).stage(d_rows, query);
    if (threadIdx.x >= step) return;
    const std::ptrdiff_t row = query + threadIdx.x;
    numbers[2 * turn * step + threadIdx.x] = row < s.length ? saved.lse[row_number(s, row)] * log2_e : INFINITY;
    numbers[(2 * turn + 1) * step + threadIdx.x] = row < s.length ? row_dots[row_number(s, row)] : 0.0f;
  };
  k.stage(k_rows, first), v.stage(v_rows, first), stage(first, 0);
  float sum_k[wide][4], sum_v[wide][4];
  clear(sum_k), clear(sum_v);
  const float scale = score_scale(s);
  int part = 0;
  std::ptrdiff_t query = first;
  const auto turn = [&](auto diagonal) {
    arrive_copies();
    __syncthreads();
    if (query + step < s.length) stage(query + step, part ^ 1);
    const float *lse = numbers + 2 * part * step, *dots = lse + step;
    float p[across][4], ds[across][4];
    clear(p), clear(ds);
    multiply<true, dims / 16>(p, LeftRows<Keys>{k, warp_row}, q.part(part));
    multiply<true, dims / 16>(ds, LeftRows<Keys>{v, warp_row}, d_o.part(part));
    const int behind = static_cast<int>(query - first);
    for_elements(p, [&](int i, int j, float& x) {
      x = power_of_two(fmaf(x, scale, -lse[j]));
      if (diagonal && warp_row + i > behind + j) x = 0;
    });
    multiply<false, step / 16>(sum_v, LeftSums<bf16, across>{p}, d_o.part(part));
    score_gradient(p, ds, [&](int, int j) { return dots[j]; });
    multiply<false, step / 16>(sum_k, LeftSums<bf16, across>{ds}, q.part(part));
    query += step, part ^= 1;
  };
  while (query < s.length && query < first + rows) turn(std::true_type{});
  while (query < s.length) turn(std::false_type{});
  write(s, sum_k, first + warp_row, gradient_scale(s), dk);
  write(s, sum_v, first + warp_row, 1, dv);
}

void run_forward(Stream stream, const AttentionShape& s, Rows<const bf16> q, Rows<const bf16> k, Rows<const bf16> v, Rows<bf16> out,
                 float* lse) {
  attention_kernels::for_dims(s, [&](auto size) {
    constexpr int dims = decltype(size)::value;
    launch(stream, "attention_forward", forward<dims>, grid_of(s), Dim3{threads, 1, 1},
           sizeof(float) * 5 * Tile<rows, dims>::floats, s, q, k, v, out, lse);
  });
}

void run_backward(Stream stream, const AttentionShape& s, const AttentionKept<bf16>& saved, Rows<const bf16> dout, float* row_dots,
                  Rows<bf16> dq, Rows<bf16> dk, Rows<bf16> dv) {
  attention_kernels::attention_row_dots(stream, s, saved.out, dout, row_dots);
  attention_kernels::for_dims(s, [&](auto size) {
    constexpr int dims = decltype(size)::value, step = dims > 64 ? 32 : 64;
    constexpr std::size_t tile = Tile<rows, dims>::floats, keys_floats = 2 * tile + 4 * Tile<step, dims>::floats + 4 * step;
    const float* dots = row_dots;
    launch(stream, "attention_backward_queries", backward_queries<dims>, grid_of(s), Dim3{threads, 1, 1}, sizeof(float) * 6 * tile,
           s, saved, dout, dots, dq);
    launch(stream, "attention_backward_keys", backward_keys<dims, step>, grid_of(s), Dim3{threads, 1, 1},
           sizeof(float) * keys_floats, s, saved, dout, dots, dk, dv);
  });
}

}  // namespace
}  // namespace flash

AttentionVersion<bf16> attention_v3() {
  return {"v3_bf16", 8, flash::run_forward, flash::run_backward};
}

}  // namespace separatrix::SIMT
