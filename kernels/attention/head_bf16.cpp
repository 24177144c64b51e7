// Attention of one head with bf16 operands and fp32 sums (VDPBF16PS), a block of queries and one of keys at a time (Dao et al.
// 2022; equations: attention.h).  q, k, v, dout, the weights p and their gradients are rounded for the products; the softmax is
// fp32. Compiled for AVX512_BF16 and called only there.
#include "kernels/attention/head.h"
#include "kernels/scratch.h"
#include "kernels/tile.h"
#include "kernels/transpose.h"

namespace separatrix::SIMD_SET {
namespace {

constexpr ptrdiff_t KEYS = 128;  // a block; its scores stay in the first-level cache
constexpr ptrdiff_t MOST_QUERIES = 48;

// More queries reuse a block of keys better, fewer waste less above the diagonal.
ptrdiff_t block_queries(ptrdiff_t length) {
  return length <= 512 ? MOST_QUERIES / 2 : MOST_QUERIES;
}
ptrdiff_t even_vectors(ptrdiff_t n) {
  return (n + 2 * W - 1) / (2 * W) * (2 * W);
}
ptrdiff_t key_blocks(ptrdiff_t length) {
  return (length + KEYS - 1) / KEYS;
}

// Operands, in words of two bf16 numbers:  "by columns" (rows, dims / 2), neighbours of a row;  "by rows" (rows / 2, dims), one
// below the other.  dims is the head's, in even vectors; surplus columns and rows are 0.

/// x (n, d) by columns.
void by_columns(ptrdiff_t n, ptrdiff_t d, Rows<const float> x, float* words) {
  const ptrdiff_t dims = even_vectors(d);
  for (ptrdiff_t i = 0; i < n; ++i)
    for (ptrdiff_t j = 0; j < dims; j += 2 * W) {
      const ptrdiff_t here = d - j;
      const V low = load_n(x.row(i) + j, here), high = here > W ? load_n(x.row(i) + j + W, here - W) : V{};
      store(words + (i * dims + j) / 2, neighbours(low, high));
    }
}

/// x (n, d) by rows, zeros up to row `rows` (even).
void by_rows(ptrdiff_t rows, ptrdiff_t n, ptrdiff_t d, Rows<const float> x, float* words) {
  const ptrdiff_t dims = even_vectors(d);
  for (ptrdiff_t i = 0; i < rows; i += 2)
    for (ptrdiff_t j = 0; j < dims; j += W) {
      const ptrdiff_t here = d - j > 0 ? d - j : 0;
      const V first = i < n ? load_n(x.row(i) + j, here) : V{}, second = i + 1 < n ? load_n(x.row(i + 1) + j, here) : V{};
      store(words + i / 2 * dims + j, pairs(first, second));
    }
}

/// The words of x (n, d) by columns, transposed block by block: (blocks, dims / 2, KEYS).  `columns` is room for a block by
/// columns.
void transposed_blocks(ptrdiff_t n, ptrdiff_t d, Rows<const float> x, float* columns, float* blocks) {
  const ptrdiff_t words = even_vectors(d) / 2;
  for (ptrdiff_t first = 0; first < n; first += KEYS, blocks += words * KEYS) {
    const ptrdiff_t here = n - first < KEYS ? n - first : KEYS;
    for (ptrdiff_t i = 0; here < KEYS && i < words * KEYS; i += W) store(blocks + i, V{});
    by_columns(here, d, {x.row(first), x.stride}, columns);
    transpose(here, words, columns, words, blocks, KEYS);
  }
}

ptrdiff_t workspace_size(ptrdiff_t length, ptrdiff_t dim) {
  const ptrdiff_t dims = even_vectors(dim), queries = block_queries(length), keys = key_blocks(length) * KEYS;
  const ptrdiff_t columns = (KEYS + queries) * dims / 2, sequence = 3 * keys * dims / 2 + 2 * keys * dims;
  return columns + sequence + 4 * queries * dims + 4 * queries * KEYS;
}

/// A block of queries and the keys that they see.
struct Place {
  ptrdiff_t first, rows, key, keys;  // keys: those that any of the queries sees, in whole panels
  bool diagonal;                     // some are behind a query
  /// Keys of this block that query i sees; may be more than there are, or none.
  ptrdiff_t seen(ptrdiff_t i) const { return first + i + 1 - key; }
};

/// f(place) for the blocks of keys that queries [first, first + rows) see.
template <class F>
inline void for_keys(ptrdiff_t first, ptrdiff_t rows, F f) {
  for (ptrdiff_t key = 0; key < first + rows; key += KEYS) {
    const ptrdiff_t left = (first + rows - key + PANEL - 1) / PANEL * PANEL;
    f(Place{first, rows, key, left < KEYS ? left : KEYS, key + KEYS > first + 1});
  }
}

/// out (rows, keys) = x times a block of transposed words.
void scores(const Place& at, ptrdiff_t words, const float* x, const float* blocks, float* out) {
  const float* block = blocks + at.key / KEYS * words * KEYS;
  for (ptrdiff_t j = 0; j < at.keys; j += PANEL)
    tile_rows<2, false, Pairs>(at.rows, words, x, words, 1, block + j, KEYS, out + j, KEYS);
}

/// -inf for keys behind the query.
void mask(const Place& at, float* score) {
  if (!at.diagonal) return;
  for (ptrdiff_t i = 0; i < at.rows; ++i)
    for (ptrdiff_t j = at.seen(i) > 0 ? at.seen(i) / W * W : 0; j < at.keys; j += W) {
      I column{};
      for (int l = 0; l < W; ++l) column[l] = l;
      const I behind = column + static_cast<int32_t>(j) >= static_cast<int32_t>(at.seen(i));
      store(score + i * KEYS + j, behind ? splat(-__builtin_inff()) : load(score + i * KEYS + j));
    }
}

/// One block of queries, forward: largest score so far, sum of weights, weighted sum of values.
struct Softmax {
  float largest[MOST_QUERIES], total[MOST_QUERIES];
  float *sums, *weights;  // (rows, dims), (rows, KEYS / 2) by columns

  /// score (rows, KEYS) -> weights relative to the largest so far; what came before is scaled to that.
  void take(const Place& at, ptrdiff_t dims, float scale, float* score) {
    for (ptrdiff_t i = 0; i < at.rows; ++i, score += KEYS) {
      V top = load(score);
      for (ptrdiff_t j = W; j < at.keys; j += W) top = max(top, load(score + j));
      const float here = max(top) * scale, before = largest[i];
      if (!(here <= before)) {
        const float shrink = expf(before - here);
        largest[i] = here, total[i] *= shrink;
        for (ptrdiff_t j = 0; j < dims; j += W) store(sums + i * dims + j, splat(shrink) * load(sums + i * dims + j));
      }
      const V shift = splat(-largest[i]);
      V sum_here{};
      for (ptrdiff_t j = 0; j < at.keys; j += 2 * W) {
        const V low = exp(fma(load(score + j), splat(scale), shift)), high = exp(fma(load(score + j + W), splat(scale), shift));
        sum_here += low + high;
        store(weights + (i * KEYS + j) / 2, neighbours(low, high));
      }
      total[i] += sum(sum_here);
    }
  }
};

void forward(const Head& s, Rows<float> out, float* lse, float* workspace) {
  const ptrdiff_t n = s.length, d = s.head_dim, dims = even_vectors(d), words = dims / 2, block = block_queries(n);
  const ptrdiff_t keys = key_blocks(n) * KEYS;
  const float scale = 1.0f / sqrtf(static_cast<float>(d));
  Scratch scratch{workspace};
  float *columns = scratch.take(KEYS * words), *q = scratch.take(block * words), *score = scratch.take(block * KEYS);
  float *key_words = scratch.take(keys * words), *values = scratch.take(keys * words);
  Softmax softmax;
  softmax.sums = scratch.take(block * dims), softmax.weights = scratch.take(block * KEYS / 2);
  transposed_blocks(n, d, s.k, columns, key_words);
  by_rows(keys, n, d, s.v, values);
  for (ptrdiff_t first = 0; first < n; first += block) {
    const ptrdiff_t rows = n - first < block ? n - first : block;
    by_columns(rows, d, {s.q.row(first), s.q.stride}, q);
    for (ptrdiff_t i = 0; i < rows; ++i) softmax.largest[i] = -__builtin_inff(), softmax.total[i] = 0;
    for (ptrdiff_t i = 0; i < rows * dims; i += W) store(softmax.sums + i, V{});
    for_keys(first, rows, [&](const Place& at) {
      scores(at, words, q, key_words, score);
      mask(at, score);
      softmax.take(at, dims, scale, score);
      product<true, Pairs>(rows, dims, at.keys / 2, softmax.weights, KEYS / 2, 1, values + at.key * words, dims, softmax.sums,
                           dims);
    });
    for (ptrdiff_t i = 0; i < rows; ++i) {
      lse[first + i] = softmax.largest[i] + logf(softmax.total[i]);
      const V inverse = splat(1 / softmax.total[i]);
      for (ptrdiff_t j = 0; j < d; j += W) store_n(out.row(first + i) + j, inverse * load(softmax.sums + i * dims + j), d - j);
    }
  }
}

/// Weights and their gradients of one block of queries and one of keys, as the products read them.
struct WeightGradients {
  float lse[MOST_QUERIES], along[MOST_QUERIES];  // along: D of attention.h
  float *p_rows, *ds_rows, *ds_columns;          // (rows / 2, KEYS), (rows / 2, KEYS), (rows, KEYS / 2)

  /// p = exp(scale * score - lse), ds = scale p (product - D), `score` and `product` (rows, KEYS), two rows at a time; zeros beside
  /// an odd last one.
  void take(const Place& at, float scale, const float* score, const float* product) {
    for (ptrdiff_t i = 0; i < at.rows; i += 2)
      for (ptrdiff_t j = 0; j < at.keys; j += 2 * W) {
        V p[2][2] = {}, ds[2][2] = {};
        for (ptrdiff_t row = 0; row < 2 && i + row < at.rows; ++row) {
          const ptrdiff_t from = (i + row) * KEYS + j;
          for (int half = 0; half < 2; ++half) {
            p[row][half] = exp(fma(load(score + from + half * W), splat(scale), splat(-lse[i + row])));
            ds[row][half] = p[row][half] * ((load(product + from + half * W) - along[i + row]) * scale);
          }
          store(ds_columns + from / 2, neighbours(ds[row][0], ds[row][1]));
        }
        for (int half = 0; half < 2; ++half) {
          store(p_rows + i / 2 * KEYS + j + half * W, pairs(p[0][half], p[1][half]));
          store(ds_rows + i / 2 * KEYS + j + half * W, pairs(ds[0][half], ds[1][half]));
        }
      }
  }
};

void backward(const Head& s, const HeadGradient& g, float* workspace) {
  const ptrdiff_t n = s.length, d = s.head_dim, dims = even_vectors(d), words = dims / 2, block = block_queries(n);
  const ptrdiff_t keys = key_blocks(n) * KEYS;
  const float scale = 1.0f / sqrtf(static_cast<float>(d));
  Scratch scratch{workspace};
  float *columns = scratch.take(KEYS * words), *score = scratch.take(block * KEYS), *products = scratch.take(block * KEYS);
  float *key_words = scratch.take(keys * words), *value_words = scratch.take(keys * words), *key_rows = scratch.take(keys * words);
  float *dk = scratch.take(keys * dims), *dv = scratch.take(keys * dims);
  float *q = scratch.take(block * words), *dout = scratch.take(block * words), *dq = scratch.take(block * dims);
  float *q_rows = scratch.take(block * words), *dout_rows = scratch.take(block * words);
  WeightGradients weights;
  weights.p_rows = scratch.take(block / 2 * KEYS), weights.ds_rows = scratch.take(block / 2 * KEYS);
  weights.ds_columns = scratch.take(block * KEYS / 2);
  transposed_blocks(n, d, s.k, columns, key_words);
  transposed_blocks(n, d, s.v, columns, value_words);
  by_rows(keys, n, d, s.k, key_rows);
  for (ptrdiff_t i = 0; i < keys * dims; i += W) store(dk + i, V{}), store(dv + i, V{});
  for (ptrdiff_t first = 0; first < n; first += block) {
    const ptrdiff_t rows = n - first < block ? n - first : block, even = (rows + 1) / 2 * 2;
    const Rows<const float> q_here{s.q.row(first), s.q.stride}, dout_here{g.dout.row(first), g.dout.stride};
    by_columns(rows, d, q_here, q), by_columns(rows, d, dout_here, dout);
    by_rows(even, rows, d, q_here, q_rows), by_rows(even, rows, d, dout_here, dout_rows);
    for (ptrdiff_t i = 0; i < rows; ++i)
      weights.lse[i] = g.lse[first + i], weights.along[i] = dot(g.out.row(first + i), dout_here.row(i), d);
    for (ptrdiff_t i = 0; i < rows * dims; i += W) store(dq + i, V{});
    for_keys(first, rows, [&](const Place& at) {
      scores(at, words, q, key_words, score);
      scores(at, words, dout, value_words, products);
      mask(at, score);
      weights.take(at, scale, score, products);
      product<true, Pairs>(rows, dims, at.keys / 2, weights.ds_columns, KEYS / 2, 1, key_rows + at.key * words, dims, dq, dims);
      product<true, Pairs>(at.keys, dims, even / 2, weights.ds_rows, 1, KEYS, q_rows, dims, dk + at.key * dims, dims);
      product<true, Pairs>(at.keys, dims, even / 2, weights.p_rows, 1, KEYS, dout_rows, dims, dv + at.key * dims, dims);
    });
    for (ptrdiff_t i = 0; i < rows; ++i)
      for (ptrdiff_t j = 0; j < d; j += W) store_n(g.dq.row(first + i) + j, load(dq + i * dims + j), d - j);
  }
  for (ptrdiff_t i = 0; i < n; ++i)
    for (ptrdiff_t j = 0; j < d; j += W)
      store_n(g.dk.row(i) + j, load(dk + i * dims + j), d - j), store_n(g.dv.row(i) + j, load(dv + i * dims + j), d - j);
}

}  // namespace

extern const HeadKernels head_kernels{workspace_size, forward, backward};

}  // namespace separatrix::SIMD_SET
