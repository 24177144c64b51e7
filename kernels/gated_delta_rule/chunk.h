// What forward and backward of a chunk share: loading its rows and the decays between its tokens.
// Notation: chunk of n tokens, gamma_i = g_1 + ... + g_i, G_ij = exp(gamma_i - gamma_j) for i >= j, E_i = exp(gamma_i),
// D_i = exp(gamma_n - gamma_i).  Included only by kernel texts (kernels/simd.h says why).
#pragma once
#include "kernels/ahead.h"
#include "kernels/gated_delta_rule/head.h"
#include "kernels/gated_delta_rule/triangular.h"
#include "kernels/scratch.h"
#include "kernels/transpose.h"

namespace separatrix::SIMD_SET {

/// to (n, row) = factor * from (n, dim), surplus columns of the last vector 0.
inline void load_rows(ptrdiff_t n, ptrdiff_t dim, Rows<const float> from, ptrdiff_t first, float factor, float* to, ptrdiff_t row) {
  for (ptrdiff_t i = 0; i < n; ++i)
    for (ptrdiff_t j = 0; j < dim; j += W) store(to + i * row + j, splat(factor) * load_n(from.row(first + i) + j, dim - j));
}

/// to_i = factor_i * from_i for n rows of `cols` columns, whole vectors.
inline void scale_rows(ptrdiff_t n, ptrdiff_t cols, const float* factor, const float* from, float* to, ptrdiff_t row) {
  for (ptrdiff_t i = 0; i < n; ++i)
    for (ptrdiff_t j = 0; j < cols; j += W) store(to + i * row + j, splat(factor[i]) * load(from + i * row + j));
}

/// x_i *= factor_i and out_i = <x_i, y_i>.
inline void scale_and_dot(ptrdiff_t n, ptrdiff_t cols, const float* factor, float* x, const float* y, ptrdiff_t row, float* out) {
  for (ptrdiff_t i = 0; i < n; ++i) {
    V s{};
    for (ptrdiff_t j = 0; j < cols; j += W) {
      const V scaled = splat(factor[i]) * load(x + i * row + j);
      store(x + i * row + j, scaled);
      s = fma(scaled, load(y + i * row + j), s);
    }
    out[i] = sum(s);
  }
}

/// (rows, dim) in one piece from or to padded rows.
inline void pad_rows(ptrdiff_t rows, ptrdiff_t dim, const float* from, float* to, ptrdiff_t row) {
  for (ptrdiff_t i = 0; i < rows; ++i)
    for (ptrdiff_t j = 0; j < dim; j += W) store(to + i * row + j, load_n(from + i * dim + j, dim - j));
}
inline void unpad_rows(ptrdiff_t rows, ptrdiff_t dim, const float* from, ptrdiff_t row, float* to) {
  for (ptrdiff_t i = 0; i < rows; ++i)
    for (ptrdiff_t j = 0; j < dim; j += W) store_n(to + i * dim + j, load(from + i * row + j), dim - j);
}

/// Decays of a chunk.
struct Decays {
  float *high, *low;             // gamma = high + low: gamma may be large where gamma_i - gamma_j is small
  float *from_start, *to_end;    // E, D
  float* beta;                   // of writing
  float *erase, *minus_erase_e;  // beta of erasing (0 where the form erases nothing, and L = 0 then), -erase E
  float whole = 1;               // exp(gamma_n)

  Decays(Scratch& scratch, ptrdiff_t row)
      : high(scratch.take(row)),
        low(scratch.take(row)),
        from_start(scratch.take(row)),
        to_end(scratch.take(row)),
        beta(scratch.take(row)),
        erase(scratch.take(row)),
        minus_erase_e(scratch.take(row)) {}

  void load_chunk(const DeltaHead& head, ptrdiff_t first, ptrdiff_t n) {
    double gamma = 0;
    for (ptrdiff_t i = 0; i < n; ++i) {
      // exp(-128) is 0 in float, so a stronger decay changes nothing; gamma stays finite.
      const float g = head.g.row(first + i)[0];
      gamma += g < -128.0f ? -128.0f : g;
      high[i] = static_cast<float>(gamma);
      low[i] = static_cast<float>(gamma - high[i]);
      beta[i] = head.beta.row(first + i)[0];
    }
    const ptrdiff_t end = padded(n);
    for (ptrdiff_t i = n; i < end; ++i) high[i] = low[i] = beta[i] = 0;
    for (ptrdiff_t i = 0; i < end; ++i) erase[i] = head.form.erase ? beta[i] : 0;
    const V last_high = splat(high[n - 1]), last_low = splat(low[n - 1]);
    for (ptrdiff_t i = 0; i < end; i += W) {
      const V high_part = exp(load(high + i)), e = fma(high_part, load(low + i), high_part), b = load(erase + i);
      store(from_start + i, e);
      store(minus_erase_e + i, -b * e);
      store(to_end + i, exp((last_high - load(high + i)) + (last_low - load(low + i))));
    }
    whole = from_start[n - 1];
  }

  /// G_ij for the W columns from j on; anything, even inf, for j > i: whoever multiplies by it selects afterwards (strictly_below).
  V pair(ptrdiff_t i, ptrdiff_t j) const { return exp((splat(high[i]) - load(high + j)) + (splat(low[i]) - load(low + j))); }

  static I columns(ptrdiff_t j) {
    I c{};
#pragma GCC unroll 16
    for (int l = 0; l < W; ++l) c[l] = l;
    return c + static_cast<int32_t>(j);
  }
};

/// next = e^{gamma_n} state + (D o K)^T V', all (key_dim, v_row); state null: zero; next may be state.  `scaled` is for D o K.
inline void advance_state(const DeltaPlan& plan, ptrdiff_t n, const Decays& decays, const float* k, const float* values,
                          const float* state, float* next, float* scaled) {
  const ptrdiff_t cols = padded(plan.value_dim), row = plan.v_row;
  scale_rows(n, padded(plan.key_dim), decays.to_end, k, scaled, plan.k_row);
  if (!state) {
    product<false>(plan.key_dim, cols, n, scaled, 1, plan.k_row, values, row, next, row);
    return;
  }
  for (ptrdiff_t i = 0; i < plan.key_dim; ++i)
    for (ptrdiff_t j = 0; j < cols; j += W) store(next + i * row + j, splat(decays.whole) * load(state + i * row + j));
  product<true>(plan.key_dim, cols, n, scaled, 1, plan.k_row, values, row, next, row);
}

/// x where column < i, else 0: strictly below the diagonal of row i.
inline V strictly_below(V x, ptrdiff_t i, ptrdiff_t j) {
  return j + W <= i ? x : (Decays::columns(j) < static_cast<int32_t>(i) ? x : V{});
}

/// On entry the lower triangles of K K^T and Q K^T; on return -L = -stril(B K K^T o G) and P = tril(Q K^T o G), zeros above.
/// `pairs` (n, chunk_row) receives G when it is not null.
inline void decay_pairs(ptrdiff_t n, ptrdiff_t row, const Decays& decays, float* minus_l, float* p, float* pairs) {
  const ptrdiff_t cols = padded(n);
  for (ptrdiff_t i = 0; i < n; ++i) {
    float *l_i = minus_l + i * row, *p_i = p + i * row;
    const V minus_erase = splat(-decays.erase[i]);
    ptrdiff_t j = 0;
    for (; j <= i; j += W) {
      const V g = decays.pair(i, j), kk = load(l_i + j), qk = load(p_i + j);
      store(l_i + j, strictly_below(minus_erase * kk * g, i, j));
      store(p_i + j, strictly_below(qk * g, i + 1, j));
      if (pairs) store(pairs + i * row + j, g);
    }
    for (; j < cols; j += W) store(l_i + j, V{}), store(p_i + j, V{});
  }
}

}  // namespace separatrix::SIMD_SET
