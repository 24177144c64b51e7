// Causal softmax attention on the GPU (equations: attention.h), blocks of 32 queries and 32 keys in shared memory, fp32 there.
//   forward    one block of threads per block of queries: running maximum and sum (Dao et al. 2022), lse kept
//   backward   dQ: one block per block of queries; dK, dV: one per block of keys; each computes P again, so nothing is shared
// The versions differ in Product.
#pragma once
#include <type_traits>

#include "kernels/attention/cuda_row_dots.h"
#include "kernels/cuda/product.h"

namespace separatrix::SIMT {
namespace attention_kernels {

constexpr int block = 32, block_row = block + 4, threads = 128;

/// One head of one sequence: its rows of a tensor.
struct HeadPlace {
  std::ptrdiff_t first_row, column, length, dim;
  __device__ explicit HeadPlace(const AttentionShape& s)
      : first_row(blockIdx.z * s.length), column(blockIdx.y * s.head_dim), length(s.length), dim(s.head_dim) {}
};

/// to (block, dims + 4) = rows first ... of x, zeros beyond the sequence and beyond head_dim.
template <int dims, class T>
__device__ void load(const HeadPlace& at, Rows<const T> x, std::ptrdiff_t first, float* to) {
  for (int e = threadIdx.x; e < block * dims; e += blockDim.x) {
    const int i = e / dims, j = e % dims;
    to[i * (dims + 4) + j] = first + i < at.length && j < at.dim ? to_float(x.row(at.first_row + first + i)[at.column + j]) : 0.0f;
  }
}

template <int dims, class T>
__device__ void store(const HeadPlace& at, const float* x, std::ptrdiff_t first, Rows<T> to) {
  for (int e = threadIdx.x; e < block * dims; e += blockDim.x) {
    const int i = e / dims, j = e % dims;
    if (first + i < at.length && j < at.dim) to.row(at.first_row + first + i)[at.column + j] = from_float<T>(x[i * (dims + 4) + j]);
  }
}

/// scores (block, block) = scale Q K^T, -inf where a key lies behind its query or beyond the sequence.
template <class Product, int dims>
__device__ void score(const HeadPlace& at, const float* q, const float* k, std::ptrdiff_t first_query, std::ptrdiff_t first_key,
                      float* scores) {
  const float scale = 1.0f / sqrtf(static_cast<float>(at.dim));
  Product::template run<block, block>(
      dims, [&](int i, int l) { return q[i * (dims + 4) + l]; }, [&](int l, int j) { return k[j * (dims + 4) + l]; },
      [&](int i, int j, float sum) {
        const bool seen = first_key + j <= first_query + i && first_key + j < at.length;
        scores[i * block_row + j] = seen ? scale * sum : -INFINITY;
      });
}

template <class T, class Product, int dims>
__global__ void __launch_bounds__(threads)
    forward(AttentionShape s, Rows<const T> q_all, Rows<const T> k_all, Rows<const T> v_all, Rows<T> out, float* lse) {
  constexpr int row = dims + 4;
  const HeadPlace at(s);
  const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(blockIdx.x) * block;
  SharedPieces pieces(shared_memory());
  float *q = pieces.take(block * row), *k = pieces.take(block * row), *v = pieces.take(block * row), *o = pieces.take(block * row);
  float* scores = pieces.take(block * block_row);
  float *top = pieces.take(block), *total = pieces.take(block), *shrink = pieces.take(block);
  load<dims>(at, q_all, first, q);
  for (int e = threadIdx.x; e < block * row; e += blockDim.x) o[e] = 0;
  if (threadIdx.x < block) top[threadIdx.x] = -INFINITY, total[threadIdx.x] = 0;
  for (std::ptrdiff_t keys = 0; keys <= first; keys += block) {
    __syncthreads();
    load<dims>(at, k_all, keys, k);
    load<dims>(at, v_all, keys, v);
    __syncthreads();
    score<Product, dims>(at, q, k, first, keys, scores);
    __syncthreads();
    // One warp a row: the new maximum, and what the old sums shrink by.
    for (int i = threadIdx.x / warp_size; i < block; i += threads / warp_size) {
      const int j = threadIdx.x % warp_size;
      const float x = scores[i * block_row + j], old = top[i], best = fmaxf(old, warp_max(x));
      const float p = best == -INFINITY ? 0.0f : expf(x - best), sum = warp_sum(p);
      __syncwarp();
      scores[i * block_row + j] = p;
      if (j == 0) {
        shrink[i] = best == -INFINITY ? 1.0f : expf(old - best);
        top[i] = best, total[i] = total[i] * shrink[i] + sum;
      }
    }
    __syncthreads();
    Product::template run<block, dims>(
        block, [&](int i, int l) { return scores[i * block_row + l]; }, [&](int l, int j) { return v[l * row + j]; },
        [&](int i, int j, float sum) { o[i * row + j] = fmaf(o[i * row + j], shrink[i], sum); });
  }
  __syncthreads();
  for (int e = threadIdx.x; e < block * dims; e += blockDim.x) o[e / dims * row + e % dims] /= total[e / dims];
  if (threadIdx.x < block && first + threadIdx.x < s.length)
    lse[(blockIdx.z * s.heads + blockIdx.y) * s.length + first + threadIdx.x] = top[threadIdx.x] + logf(total[threadIdx.x]);
  __syncthreads();
  store<dims>(at, o, first, out);
}

/// lse and D of a block of queries; +inf and 0 beyond the sequence, so that P and dS vanish there.
__device__ inline void load_rows_numbers(const AttentionShape& s, const float* all_lse, const float* all_dots, std::ptrdiff_t first,
                                         float* lse, float* row_dots) {
  if (threadIdx.x >= block) return;
  const bool there = first + threadIdx.x < s.length;
  const std::ptrdiff_t at = (blockIdx.z * s.heads + blockIdx.y) * s.length + first + threadIdx.x;
  lse[threadIdx.x] = there ? all_lse[at] : INFINITY;
  row_dots[threadIdx.x] = there ? all_dots[at] : 0.0f;
}

/// p: scores -> P; ds = scale P o (dO V^T - D).
template <class Product, int dims>
__device__ void score_gradient(const HeadPlace& at, const float* d_o, const float* v, const float* lse, const float* row_dots,
                               float* p, float* ds) {
  const float scale = 1.0f / sqrtf(static_cast<float>(at.dim));
  Product::template run<block, block>(
      dims, [&](int i, int l) { return d_o[i * (dims + 4) + l]; }, [&](int l, int j) { return v[j * (dims + 4) + l]; },
      [&](int i, int j, float sum) {
        const int e = i * block_row + j;
        p[e] = p[e] == -INFINITY ? 0.0f : expf(p[e] - lse[i]);
        ds[e] = scale * p[e] * (sum - row_dots[i]);
      });
}

/// Shared memory of both backward kernels.
template <int dims>
struct BackwardPieces {
  float *q, *k, *v, *d_o, *a, *b, *p, *ds, *lse, *row_dots;
  static constexpr std::size_t floats = 6 * block * (dims + 4) + 2 * block * block_row + 2 * block;
  __device__ BackwardPieces() {
    SharedPieces pieces(shared_memory());
    for (float** piece : {&q, &k, &v, &d_o, &a, &b}) *piece = pieces.take(block * (dims + 4));
    p = pieces.take(block * block_row), ds = pieces.take(block * block_row);
    lse = pieces.take(block), row_dots = pieces.take(block);
    for (int e = threadIdx.x; e < block * (dims + 4); e += blockDim.x) a[e] = b[e] = 0;
  }
};

template <class T, class Product, int dims>
__global__ void __launch_bounds__(threads)
    backward_queries(AttentionShape s, AttentionKept<T> saved, Rows<const T> dout, const float* row_dots, Rows<T> dq) {
  constexpr int row = dims + 4;
  const HeadPlace at(s);
  const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(blockIdx.x) * block;
  const BackwardPieces<dims> m;
  load<dims>(at, saved.q, first, m.q);
  load<dims>(at, dout, first, m.d_o);
  load_rows_numbers(s, saved.lse, row_dots, first, m.lse, m.row_dots);
  for (std::ptrdiff_t keys = 0; keys <= first; keys += block) {
    __syncthreads();
    load<dims>(at, saved.k, keys, m.k);
    load<dims>(at, saved.v, keys, m.v);
    __syncthreads();
    score<Product, dims>(at, m.q, m.k, first, keys, m.p);
    __syncthreads();
    score_gradient<Product, dims>(at, m.d_o, m.v, m.lse, m.row_dots, m.p, m.ds);
    __syncthreads();
    Product::template run<block, dims>(
        block, [&](int i, int l) { return m.ds[i * block_row + l]; }, [&](int l, int j) { return m.k[l * row + j]; },
        [&](int i, int j, float sum) { m.a[i * row + j] += sum; });
  }
  __syncthreads();
  store<dims>(at, m.a, first, dq);
}

template <class T, class Product, int dims>
__global__ void __launch_bounds__(threads)
    backward_keys(AttentionShape s, AttentionKept<T> saved, Rows<const T> dout, const float* row_dots, Rows<T> dk, Rows<T> dv) {
  constexpr int row = dims + 4;
  const HeadPlace at(s);
  const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(blockIdx.x) * block;
  const BackwardPieces<dims> m;
  load<dims>(at, saved.k, first, m.k);
  load<dims>(at, saved.v, first, m.v);
  for (std::ptrdiff_t queries = first; queries < s.length; queries += block) {
    __syncthreads();
    load<dims>(at, saved.q, queries, m.q);
    load<dims>(at, dout, queries, m.d_o);
    load_rows_numbers(s, saved.lse, row_dots, queries, m.lse, m.row_dots);
    __syncthreads();
    score<Product, dims>(at, m.q, m.k, queries, first, m.p);
    __syncthreads();
    score_gradient<Product, dims>(at, m.d_o, m.v, m.lse, m.row_dots, m.p, m.ds);
    __syncthreads();
    Product::template run<block, dims>(
        block, [&](int i, int l) { return m.ds[l * block_row + i]; }, [&](int l, int j) { return m.q[l * row + j]; },
        [&](int i, int j, float sum) { m.a[i * row + j] += sum; });
    Product::template run<block, dims>(
        block, [&](int i, int l) { return m.p[l * block_row + i]; }, [&](int l, int j) { return m.d_o[l * row + j]; },
        [&](int i, int j, float sum) { m.b[i * row + j] += sum; });
  }
  __syncthreads();
  store<dims>(at, m.a, first, dk);
  store<dims>(at, m.b, first, dv);
}

inline Dim3 grid_of(const AttentionShape& s) {
  return {static_cast<unsigned>(blocks_for(s.length, block)), static_cast<unsigned>(s.heads), static_cast<unsigned>(s.batch)};
}

template <class T, class Product>
void attention_forward_by(Stream stream, const AttentionShape& s, Rows<const T> q, Rows<const T> k, Rows<const T> v, Rows<T> out,
                          float* lse) {
  for_dims(s, [&](auto size) {
    constexpr int dims = decltype(size)::value;
    launch(stream, "attention_forward", forward<T, Product, dims>, grid_of(s), Dim3{threads, 1, 1},
           sizeof(float) * (4 * block * (dims + 4) + block * block_row + 3 * block), s, q, k, v, out, lse);
  });
}

template <class T, class Product>
void attention_backward_by(Stream stream, const AttentionShape& s, const AttentionKept<T>& saved, Rows<const T> dout,
                           float* row_dots, Rows<T> dq, Rows<T> dk, Rows<T> dv) {
  attention_row_dots(stream, s, saved.out, dout, row_dots);
  for_dims(s, [&](auto size) {
    constexpr int dims = decltype(size)::value;
    constexpr std::size_t bytes = sizeof(float) * BackwardPieces<dims>::floats;
    const float* dots = row_dots;
    launch(stream, "attention_backward_queries", backward_queries<T, Product, dims>, grid_of(s), Dim3{threads, 1, 1}, bytes, s,
           saved, dout, dots, dq);
    launch(stream, "attention_backward_keys", backward_keys<T, Product, dims>, grid_of(s), Dim3{threads, 1, 1}, bytes, s, saved,
           dout, dots, dk, dv);
  });
}

}  // namespace attention_kernels
}  // namespace separatrix::SIMT
