// The first of the backward kernels of the chunked gated delta rule: from the last chunk to the first, the gradient of the state.
// Names and formulas: cuda_backward.h.
#pragma once
#include "kernels/gated_delta_rule/cuda_forward.h"

namespace separatrix::SIMT {

template <class T, bool ahead>
std::size_t scan_back_floats(int keys) {
  return keys * slab_row + 2 * chunk * (keys + pad) + 3 * chunk * slab_row + Decays::floats + 2 * SquareTile<ahead>::floats() +
         2 * RowTile<T, ahead>::floats(keys) + RowTile<T, ahead>::floats(slab);
}

/// grid (sequences, value_heads, slabs)
template <class T, class Product, int keys, bool ahead>
__global__ void __launch_bounds__(delta_threads, 2)  // without saying so, nvcc spills registers
    delta_scan_back(DeltaSizes s, DeltaOptions o, DeltaArguments<T> in, DeltaSaved saved, Rows<const T> d_out,
                    const float* d_final_state, DeltaGradients<T> d_in, DeltaScratch scratch) {
  constexpr int key_row = keys + pad;
  const int n = blockIdx.x, h = blockIdx.y, column = blockIdx.z * slab, kh = h / (s.value_heads / s.key_heads);
  const int values = padded_values(s.value_dim);
  SharedPieces pieces(shared_memory());
  float *d_state = pieces.take(keys * slab_row), *q = pieces.take(chunk * key_row), *k = pieces.take(chunk * key_row);
  float *d_o = pieces.take(chunk * slab_row), *y = pieces.take(chunk * slab_row), *x = pieces.take(chunk * slab_row);
  Decays decays(pieces.take(Decays::floats));
  SquareTile<ahead> inverse_tile(pieces), p_tile(pieces);
  RowTile<T, ahead> q_tile(pieces, keys), k_tile(pieces, keys), out_tile(pieces, slab);
  const std::size_t own = (static_cast<std::size_t>(n) * s.value_heads + h) * s.key_dim * s.value_dim;
  for (int e = threadIdx.x; e < keys * slab; e += blockDim.x) {
    const int i = e / slab, j = e % slab;
    const bool there = d_final_state && i < s.key_dim && column + j < s.value_dim;
    d_state[i * slab_row + j] = there ? d_final_state[own + static_cast<std::size_t>(i) * s.value_dim + column + j] : 0.0f;
  }
  const auto square = [&](const float* all, const ChunkPlace& at) {
    return all + (static_cast<std::size_t>(at.slot) * s.value_heads + h) * chunk * chunk;
  };
  const auto stage = [&](int c) {
    if (!ahead || c < 0) return;
    const ChunkPlace at = place_of(s, n, c);
    q_tile.stage(in.q, at, kh * s.key_dim, s.key_dim, keys);
    k_tile.stage(in.k, at, kh * s.key_dim, s.key_dim, keys);
    out_tile.stage(d_out, at, h * s.value_dim + column, s.value_dim - column, slab);
    inverse_tile.stage(square(saved.inverse, at), c), p_tile.stage(square(saved.p, at), c);
  };
  const int last = chunks_of(s, n) - 1;
  stage(last);
  for (int c = last; c >= 0; --c) {
    const ChunkPlace at = place_of(s, n, c);
    const std::size_t head = static_cast<std::size_t>(at.slot) * s.value_heads + h;
    arrive_copies();
    __syncthreads();
    q_tile.load(in.q, at, kh * s.key_dim, s.key_dim, keys, o.query_scale, saved_norms(s, o, saved, at.slot, kh, 0), q, key_row);
    k_tile.load(in.k, at, kh * s.key_dim, s.key_dim, keys, 1.0f, saved_norms(s, o, saved, at.slot, kh, 1), k, key_row);
    out_tile.load(d_out, at, h * s.value_dim + column, s.value_dim - column, slab, 1.0f, nullptr, d_o, slab_row);
    const float *a = inverse_tile.load(square(saved.inverse, at), c), *p = p_tile.load(square(saved.p, at), c);
    decays.load(in.g, in.beta, at, h);
    __syncthreads();
    stage(c - 1);
    float *kept_state = scratch.d_states + head * keys * values + column, *kept_x = scratch.d_x + head * chunk * values + column;
    for (int e = threadIdx.x; e < keys * slab; e += blockDim.x)
      kept_state[e / slab * values + e % slab] = d_state[e / slab * slab_row + e % slab];
    Product::template run<chunk, slab>(
        chunk + keys,
        [&](int i, int m) { return m < chunk ? p[m * chunk_row + i] : decays.to_end[i] * k[i * key_row + m - chunk]; },
        [&](int m, int j) { return m < chunk ? d_o[m * slab_row + j] : d_state[(m - chunk) * slab_row + j]; },
        [&](int i, int j, float sum) { y[i * slab_row + j] = sum; });
    __syncthreads();
    Product::template run<chunk, slab>(
        chunk, [&](int i, int m) { return a[m * chunk_row + i]; }, [&](int m, int j) { return y[m * slab_row + j]; },
        [&](int i, int j, float sum) {
          x[i * slab_row + j] = kept_x[i * values + j] = sum;
          if (i < at.count && column + j < s.value_dim)
            d_in.v.row(at.first + i)[h * s.value_dim + column + j] = from_float<T>(o.write_beta ? decays.beta[i] * sum : sum);
        });
    __syncthreads();
    Product::template run<keys, slab>(
        2 * chunk,
        [&](int i, int m) {
          const int t = m % chunk;
          return decays.from_start[t] * (m < chunk ? q[t * key_row + i] : -decays.beta[t] * k[t * key_row + i]);
        },
        [&](int m, int j) { return m < chunk ? d_o[m * slab_row + j] : x[(m - chunk) * slab_row + j]; },
        [&](int i, int j, float sum) { d_state[i * slab_row + j] = fmaf(decays.whole(), d_state[i * slab_row + j], sum); });
  }
  __syncthreads();
  if (!d_in.state) return;
  for (int e = threadIdx.x; e < s.key_dim * slab; e += blockDim.x) {
    const int i = e / slab, j = e % slab;
    if (column + j < s.value_dim)
      d_in.state[own + static_cast<std::size_t>(i) * s.value_dim + column + j] = d_state[i * slab_row + j];
  }
}

}  // namespace separatrix::SIMT
