// Forward of the chunked gated delta rule in three kernels.  Per chunk, with S before it, q already scaled:
//   prepare  (all chunks at once)   L = stril(B K K^T o G)   A = (I + L)^{-1}   P = tril(Q K^T o G)
//   scan     (chunk after chunk)    X = B V - B E o (K S)    V' = A X           S <- e^{gamma_n} S + (D o K)^T V'
//   output   (all chunks at once)   O = E o (Q S) + P V'                        Definition 1: V instead of B V
// A is built from 16 x 16 blocks by substitution, then (I + L)^{-1}_21 = -A_22 L_21 A_11: no powers of L, which would be huge for
// few distinct keys and beta near 2.  The columns of V are independent: the scan is split over heads and slabs of 32 columns.
#pragma once
#include <type_traits>

#include "kernels/gated_delta_rule/cuda_tiles.h"

namespace separatrix::SIMT {

/// a (chunk, chunk) = (I + l)^{-1}, l strictly lower triangular; scratch (chunk, chunk); all with chunk_row.
template <class Product>
__device__ void invert_lower(const float* l, float* a, float* scratch) {
  constexpr int leaf = 16;
  for (int e = threadIdx.x; e < chunk * chunk; e += blockDim.x) a[e / chunk * chunk_row + e % chunk] = 0;
  __syncthreads();
  // Each thread solves for one column of a diagonal block.
  if (threadIdx.x < chunk) {
    const int first = threadIdx.x / leaf * leaf, j = threadIdx.x % leaf;
    float x[leaf];
#pragma unroll
    for (int i = 0; i < leaf; ++i) {
      x[i] = i == j ? 1.0f : 0.0f;
#pragma unroll
      for (int m = 0; m < i; ++m) x[i] = fmaf(-l[(first + i) * chunk_row + first + m], x[m], x[i]);
    }
#pragma unroll
    for (int i = 0; i < leaf; ++i) a[(first + i) * chunk_row + first + j] = x[i];
  }
  __syncthreads();
  const auto merge = [&](auto size, int first) {
    constexpr int half = decltype(size)::value;
    const float *l21 = l + (first + half) * chunk_row + first, *a11 = a + first * chunk_row + first;
    const float* a22 = a + (first + half) * chunk_row + first + half;
    float* a21 = a + (first + half) * chunk_row + first;
    Product::template run<half, half>(
        half, [&](int i, int m) { return l21[i * chunk_row + m]; }, [&](int m, int j) { return a11[m * chunk_row + j]; },
        [&](int i, int j, float sum) { scratch[i * chunk_row + j] = sum; });
    __syncthreads();
    Product::template run<half, half>(
        half, [&](int i, int m) { return a22[i * chunk_row + m]; }, [&](int m, int j) { return scratch[m * chunk_row + j]; },
        [&](int i, int j, float sum) { a21[i * chunk_row + j] = -sum; });
    __syncthreads();
  };
  for (int first = 0; first < chunk; first += 2 * leaf) merge(std::integral_constant<int, leaf>{}, first);
  merge(std::integral_constant<int, 2 * leaf>{}, 0);
}

inline std::size_t prepare_floats(int keys) {
  return 2 * chunk * (keys + pad) + 3 * chunk * chunk_row + Decays::floats + 2 * chunk;
}

/// grid (slots, value_heads)
template <class T, class Product, int keys>
__global__ void __launch_bounds__(delta_threads)
    delta_prepare(DeltaSizes s, DeltaOptions o, DeltaArguments<T> in, DeltaSaved saved) {
  constexpr int key_row = keys + pad;
  const int h = blockIdx.y, group = s.value_heads / s.key_heads, kh = h / group;
  const ChunkPlace at = place_of_slot(s, blockIdx.x);
  if (at.count <= 0) return;
  SharedPieces pieces(shared_memory());
  float *q = pieces.take(chunk * key_row), *k = pieces.take(chunk * key_row);
  float *l = pieces.take(chunk * chunk_row), *a = pieces.take(chunk * chunk_row), *scratch = pieces.take(chunk * chunk_row);
  Decays decays(pieces.take(Decays::floats));
  float *q_norms = pieces.take(chunk), *k_norms = pieces.take(chunk);
  if (o.unit_keys) {
    row_norms(in.q, at, kh * s.key_dim, s.key_dim, q_norms);
    row_norms(in.k, at, kh * s.key_dim, s.key_dim, k_norms);
  }
  decays.load(in.g, in.beta, at, h);
  __syncthreads();
  load_rows(in.q, at, kh * s.key_dim, s.key_dim, keys, o.query_scale, o.unit_keys ? q_norms : nullptr, q, key_row);
  load_rows(in.k, at, kh * s.key_dim, s.key_dim, keys, 1.0f, o.unit_keys ? k_norms : nullptr, k, key_row);
  if (o.unit_keys && h % group == 0 && threadIdx.x < chunk) {
    float* norms = saved.norms + (static_cast<std::size_t>(at.slot) * s.key_heads + kh) * 2 * chunk;
    norms[threadIdx.x] = q_norms[threadIdx.x], norms[chunk + threadIdx.x] = k_norms[threadIdx.x];
  }
  __syncthreads();
  const std::size_t head = static_cast<std::size_t>(at.slot) * s.value_heads + h;
  float* p = saved.p + head * chunk * chunk;
  Product::template run<chunk, chunk>(
      keys, [&](int i, int m) { return k[i * key_row + m]; }, [&](int m, int j) { return k[j * key_row + m]; },
      [&](int i, int j, float sum) { l[i * chunk_row + j] = j < i ? decays.beta[i] * sum * decays.pair(i, j) : 0.0f; });
  Product::template run<chunk, chunk>(
      keys, [&](int i, int m) { return q[i * key_row + m]; }, [&](int m, int j) { return k[j * key_row + m]; },
      [&](int i, int j, float sum) { p[i * chunk + j] = j <= i ? sum * decays.pair(i, j) : 0.0f; });
  __syncthreads();
  invert_lower<Product>(l, a, scratch);
  float* inverse = saved.inverse + head * chunk * chunk;
  for (int e = threadIdx.x; e < chunk * chunk; e += blockDim.x) inverse[e] = a[e / chunk * chunk_row + e % chunk];
}

template <class T, bool ahead>
std::size_t scan_floats(int keys) {
  return keys * slab_row + chunk * (keys + pad) + 2 * chunk * slab_row + Decays::floats + SquareTile<ahead>::floats() +
         RowTile<T, ahead>::floats(keys) + RowTile<T, ahead>::floats(slab);
}

/// The norms of k (part 1) or q (part 0) of a chunk, or null.
__device__ inline const float* saved_norms(const DeltaSizes& s, const DeltaOptions& o, const DeltaSaved& saved, int slot, int kh,
                                           int part) {
  return o.unit_keys ? saved.norms + ((static_cast<std::size_t>(slot) * s.key_heads + kh) * 2 + part) * chunk : nullptr;
}

/// grid (sequences, value_heads, slabs)
template <class T, class Product, int keys, bool ahead>
__global__ void __launch_bounds__(delta_threads)
    delta_scan(DeltaSizes s, DeltaOptions o, DeltaArguments<T> in, DeltaSaved saved, float* final_state) {
  constexpr int key_row = keys + pad;
  const int n = blockIdx.x, h = blockIdx.y, column = blockIdx.z * slab, kh = h / (s.value_heads / s.key_heads);
  const int values = padded_values(s.value_dim);
  SharedPieces pieces(shared_memory());
  float *state = pieces.take(keys * slab_row), *k = pieces.take(chunk * key_row);
  float *x = pieces.take(chunk * slab_row), *solved = pieces.take(chunk * slab_row);
  Decays decays(pieces.take(Decays::floats));
  SquareTile<ahead> inverse_tile(pieces);
  RowTile<T, ahead> k_tile(pieces, keys), v_tile(pieces, slab);
  const std::size_t own = (static_cast<std::size_t>(n) * s.value_heads + h) * s.key_dim * s.value_dim;
  for (int e = threadIdx.x; e < keys * slab; e += blockDim.x) {
    const int i = e / slab, j = e % slab;
    const bool there = in.state && i < s.key_dim && column + j < s.value_dim;
    state[i * slab_row + j] = there ? in.state[own + static_cast<std::size_t>(i) * s.value_dim + column + j] : 0.0f;
  }
  const int chunks = chunks_of(s, n);
  const auto inverse_of = [&](const ChunkPlace& at) {
    return saved.inverse + (static_cast<std::size_t>(at.slot) * s.value_heads + h) * chunk * chunk;
  };
  const auto stage = [&](int c) {
    if (!ahead || c >= chunks) return;
    const ChunkPlace at = place_of(s, n, c);
    k_tile.stage(in.k, at, kh * s.key_dim, s.key_dim, keys);
    v_tile.stage(in.v, at, h * s.value_dim + column, s.value_dim - column, slab);
    inverse_tile.stage(inverse_of(at), c);
  };
  stage(0);
  for (int c = 0; c < chunks; ++c) {
    const ChunkPlace at = place_of(s, n, c);
    const std::size_t head = static_cast<std::size_t>(at.slot) * s.value_heads + h;
    arrive_copies();
    __syncthreads();
    k_tile.load(in.k, at, kh * s.key_dim, s.key_dim, keys, 1.0f, saved_norms(s, o, saved, at.slot, kh, 1), k, key_row);
    v_tile.load(in.v, at, h * s.value_dim + column, s.value_dim - column, slab, 1.0f, nullptr, x, slab_row);
    const float* a = inverse_tile.load(inverse_of(at), c);
    decays.load(in.g, in.beta, at, h);
    __syncthreads();
    stage(c + 1);
    float *kept_state = saved.states + head * keys * values + column, *kept_values = saved.values + head * chunk * values + column;
    for (int e = threadIdx.x; e < keys * slab; e += blockDim.x)
      kept_state[e / slab * values + e % slab] = state[e / slab * slab_row + e % slab];
    Product::template run<chunk, slab>(
        keys, [&](int i, int m) { return k[i * key_row + m]; }, [&](int m, int j) { return state[m * slab_row + j]; },
        [&](int i, int j, float sum) {
          const float beta = decays.beta[i], v = x[i * slab_row + j];
          x[i * slab_row + j] = (o.write_beta ? beta * v : v) - beta * decays.from_start[i] * sum;
        });
    __syncthreads();
    Product::template run<chunk, slab>(
        chunk, [&](int i, int m) { return a[i * chunk_row + m]; }, [&](int m, int j) { return x[m * slab_row + j]; },
        [&](int i, int j, float sum) { solved[i * slab_row + j] = kept_values[i * values + j] = sum; });
    __syncthreads();
    Product::template run<keys, slab>(
        chunk, [&](int i, int m) { return k[m * key_row + i] * decays.to_end[m]; },
        [&](int m, int j) { return solved[m * slab_row + j]; },
        [&](int i, int j, float sum) { state[i * slab_row + j] = fmaf(decays.whole(), state[i * slab_row + j], sum); });
  }
  __syncthreads();
  if (!final_state) return;
  for (int e = threadIdx.x; e < s.key_dim * slab; e += blockDim.x) {
    const int i = e / slab, j = e % slab;
    if (column + j < s.value_dim)
      final_state[own + static_cast<std::size_t>(i) * s.value_dim + column + j] = state[i * slab_row + j];
  }
}

inline std::size_t output_floats(int keys) {
  return keys * slab_row + chunk * (keys + pad) + chunk * chunk_row + chunk * slab_row + Decays::floats;
}

/// grid (slots, value_heads).  Two blocks a multiprocessor: without saying so, nvcc spills registers.
template <class T, class Product, int keys>
__global__ void __launch_bounds__(delta_threads, 2)
    delta_output(DeltaSizes s, DeltaOptions o, DeltaArguments<T> in, DeltaSaved saved, Rows<T> out) {
  constexpr int key_row = keys + pad;
  const int h = blockIdx.y, kh = h / (s.value_heads / s.key_heads), values = padded_values(s.value_dim);
  const ChunkPlace at = place_of_slot(s, blockIdx.x);
  if (at.count <= 0) return;
  const std::size_t head = static_cast<std::size_t>(at.slot) * s.value_heads + h;
  SharedPieces pieces(shared_memory());
  float *state = pieces.take(keys * slab_row), *q = pieces.take(chunk * key_row), *p = pieces.take(chunk * chunk_row);
  float* solved = pieces.take(chunk * slab_row);
  Decays decays(pieces.take(Decays::floats));
  load_rows(in.q, at, kh * s.key_dim, s.key_dim, keys, o.query_scale, saved_norms(s, o, saved, at.slot, kh, 0), q, key_row);
  load_block(saved.p + head * chunk * chunk, chunk, 0, chunk, chunk, p, chunk_row);
  decays.load(in.g, in.beta, at, h);
  for (int column = 0; column < values; column += slab) {
    __syncthreads();
    load_block(saved.states + head * keys * values, values, column, keys, slab, state, slab_row);
    load_block(saved.values + head * chunk * values, values, column, chunk, slab, solved, slab_row);
    __syncthreads();
    Product::template run<chunk, slab>(
        keys + chunk,
        [&](int i, int m) { return m < keys ? decays.from_start[i] * q[i * key_row + m] : p[i * chunk_row + m - keys]; },
        [&](int m, int j) { return m < keys ? state[m * slab_row + j] : solved[(m - keys) * slab_row + j]; },
        [&](int i, int j, float sum) {
          if (i < at.count && column + j < s.value_dim) out.row(at.first + i)[h * s.value_dim + column + j] = from_float<T>(sum);
        });
  }
}

}  // namespace separatrix::SIMT
