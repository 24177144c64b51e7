// Backward of one head: the chunks from last to first, dS' = gradient of the state after the chunk, S the state before it.
//   dV' = P^T dO + D o (K dS')            dX = (I + L)^{-T} dV'          X = (I + L) V'
//   dP  = tril(dO V'^T)                   dL = -stril(dX V'^T)
//   dQ  = E o (dO S^T) + (dP o G) K       T  = (dL o G) K - E o (dX S^T)
//   dK  = (dP o G)^T Q + D o (V' dS'^T) + B T + (dL o G)^T B K
//   dV  = B dX                            dbeta_i = <K_i, T_i> + <dX_i, V_i>       Definition 1: dV = dX, dbeta without <dX, V>
//   Nothing is erased: B = 0 but in dV, dbeta without <K, T>
//   dS  = e^{gamma_n} dS' + (E o Q)^T dO - (B E o K)^T dX
// dg_t gathers what every decay that contains g_t hands back; each term is added once, none is subtracted again:
//   dg_t = sum_{i >= t > j} (dP o P + dL o L)_ij                            pairs
//        + sum_{i >= t} (<E_i (dO S^T)_i, Q_i> - beta_i E_i <(dX S^T)_i, K_i>)      E
//        + sum_{i < t} D_i <(V' dS'^T)_i, K_i> + e^{gamma_n} <S, dS'>               D, whole chunk
#pragma once
#include "kernels/gated_delta_rule/chunk.h"

namespace separatrix::SIMD_SET {
namespace {

struct BackwardChunk {
  const DeltaHeadBackward& head;
  const DeltaPlan& plan;
  ptrdiff_t k_cols, v_cols;
  Scratch scratch;
  Decays decays;
  float *q, *k, *scaled, *k_transposed;            // (n, k_row) three times, (key_dim, chunk_row)
  float *d_q, *d_k, *t;                            // (n, k_row)
  float *minus_l, *p, *pairs, *d_p, *d_l;          // (n, chunk_row)
  float *d_o, *d_x, *values_transposed;            // (n, v_row) twice, (value_dim, chunk_row)
  float *state_transposed, *d_state;               // (value_dim, k_row), (key_dim, v_row)
  float* states;                                   // (segment, key_dim, v_row): before its chunks
  float *d_pair, *d_start, *d_end, *column, *dot;  // (chunk_row): shares of dg; scratch

  explicit BackwardChunk(const DeltaHeadBackward& h)
      : head(h),
        plan(h.plan),
        k_cols(padded(h.plan.key_dim)),
        v_cols(padded(h.plan.value_dim)),
        scratch{h.scratch},
        decays(scratch, plan.chunk_row) {
    scratch.take_each(plan.chunk * plan.k_row, q, k, scaled, d_q, d_k, t);
    scratch.take_each(plan.chunk * plan.chunk_row, minus_l, p, pairs, d_p, d_l);
    scratch.take_each(plan.chunk * plan.v_row, d_o, d_x);
    d_state = scratch.take(plan.state_size()), states = scratch.take(plan.segment * plan.state_size());
    scratch.take_each(plan.chunk_row, d_pair, d_start, d_end, column, dot);
    k_transposed = scratch.take(plan.k_row * plan.chunk_row);
    values_transposed = scratch.take(plan.v_row * plan.chunk_row);
    state_transposed = scratch.take(plan.v_row * plan.k_row);
  }

  /// The states before chunks begin, ..., end - 1, as the forward made them: V' gives them again in less time than writing all of
  /// them there and reading them here would take.  False: the first is zero, and not written.
  bool recompute_states(ptrdiff_t begin, ptrdiff_t end) {
    const float* state = nullptr;
    if (begin > 0) {
      state = head.states + (begin / plan.segment - 1) * plan.state_size();
      for (ptrdiff_t i = 0; i < plan.state_size(); i += W) store(states + i, load(state + i));
    } else if (head.initial) {
      pad_rows(plan.key_dim, plan.value_dim, head.initial, states, plan.v_row);
      state = states;
    }
    const bool starts = state != nullptr;
    for (ptrdiff_t c = begin; c + 1 < end; ++c) {
      const ptrdiff_t first = c * plan.chunk, n = plan.tokens(c);
      float* next = states + (c + 1 - begin) * plan.state_size();
      load_rows(n, plan.key_dim, head.k, first, 1, k, plan.k_row);
      decays.load_chunk(head, first, n);
      advance_state(plan, n, decays, k, head.values + first * plan.v_row, state, next, scaled);
      state = next;
    }
    return starts;
  }

  /// Tokens [first, first + n), `state` before them (null: zero); d_state is valid on entry if `has_d_state`, and is replaced by
  /// the gradient of `state` if `want_d_state`.
  void run(ptrdiff_t first, ptrdiff_t n, const float* state, bool has_d_state, bool want_d_state) {
    const float* values = head.values + first * plan.v_row;
    // What comes from memory is asked for ahead, one matrix at a time between the products (forward.h).
    const ptrdiff_t before = first - plan.chunk, rows = first > 0 ? plan.chunk : 0;
    recompute(first, n, values);
    prefetch_rows<false>(rows, plan.key_dim, head.q, before);
    prefetch_rows<true>(n, plan.value_dim, head.d_v, first);
    solve_d_x(n, has_d_state);
    prefetch_rows<false>(rows, plan.key_dim, head.k, before);
    product_to_lower(n, plan.value_dim, d_o, plan.v_row, values_transposed, plan.chunk_row, d_p, plan.chunk_row);
    prefetch_rows<true>(n, plan.key_dim, head.d_q, first);
    product_to_lower(n, plan.value_dim, d_x, plan.v_row, values_transposed, plan.chunk_row, d_l, plan.chunk_row);
    pair_gradients(n);
    prefetch_rows<true>(n, plan.key_dim, head.d_k, first);
    query_gradient(n, state);
    prefetch_rows<false>(rows, plan.value_dim, head.d_o, before);
    key_gradient(n, values, has_d_state);
    const float whole = state && has_d_state ? decays.whole * state_product(state) : 0;
    store_keys(first, n);
    store_values(first, n);
    store_gates(first, n, whole);
    prefetch_rows<false>(rows, v_cols, Rows<const float>{head.values, plan.v_row}, before);
    prefetch_rows<false>(rows, plan.value_dim, head.v, before);
    if (want_d_state) state_gradient(n, has_d_state);
  }

  void recompute(ptrdiff_t first, ptrdiff_t n, const float* values) {
    load_rows(n, plan.key_dim, head.q, first, head.form.query_scale, q, plan.k_row);
    load_rows(n, plan.key_dim, head.k, first, 1, k, plan.k_row);
    load_rows(n, plan.value_dim, head.d_o, first, 1, d_o, plan.v_row);
    decays.load_chunk(head, first, n);
    transpose(n, plan.key_dim, k, plan.k_row, k_transposed, plan.chunk_row);
    transpose(n, plan.value_dim, values, plan.v_row, values_transposed, plan.chunk_row);
    product_to_lower(n, plan.key_dim, k, plan.k_row, k_transposed, plan.chunk_row, minus_l, plan.chunk_row);
    product_to_lower(n, plan.key_dim, q, plan.k_row, k_transposed, plan.chunk_row, p, plan.chunk_row);
    decay_pairs(n, plan.chunk_row, decays, minus_l, p, pairs);
  }

  void solve_d_x(ptrdiff_t n, bool has_d_state) {
    lower_transposed_product<false>(n, v_cols, p, plan.chunk_row, d_o, plan.v_row, d_x, plan.v_row);
    if (has_d_state) {
      scale_rows(n, k_cols, decays.to_end, k, scaled, plan.k_row);
      product<true>(n, v_cols, plan.key_dim, scaled, plan.k_row, 1, d_state, plan.v_row, d_x, plan.v_row);
    }
    solve_lower_transposed(n, v_cols, minus_l, plan.chunk_row, d_x, plan.v_row);
  }

  /// d_p: dO V'^T -> dP o G;  d_l: dX V'^T -> dL o G;  d_pair_t = sum_{i >= t > j} (dP o P + dL o L)_ij.
  void pair_gradients(ptrdiff_t n) {
    const ptrdiff_t cols = padded(n), row = plan.chunk_row;
    for (ptrdiff_t j = 0; j < cols; j += W) store(column + j, V{});  // sum over the rows i >= t
    for (ptrdiff_t i = n - 1; i >= 0; --i) {
      V row_sum{};
      ptrdiff_t j = 0;
      for (; j <= i; j += W) {
        const V g = load(pairs + i * row + j), dp = load(d_p + i * row + j), minus_dl = load(d_l + i * row + j);
        const V both = fma(dp, load(p + i * row + j), minus_dl * load(minus_l + i * row + j));
        const V c = load(column + j) + strictly_below(both, i, j);
        store(column + j, c);
        row_sum += strictly_below(c, i, j);
        store(d_p + i * row + j, strictly_below(dp * g, i + 1, j));
        store(d_l + i * row + j, strictly_below(-minus_dl * g, i, j));
      }
      for (; j < cols; j += W) store(d_p + i * row + j, V{}), store(d_l + i * row + j, V{});
      d_pair[i] = sum(row_sum);
    }
  }

  /// d_q (of the scaled query), t, and what E hands to dg.
  void query_gradient(ptrdiff_t n, const float* state) {
    if (!state) {
      for (ptrdiff_t i = 0; i < n; ++i) d_start[i] = 0;
      lower_product<false>(n, k_cols, d_p, plan.chunk_row, k, plan.k_row, d_q, plan.k_row);
      lower_product<false>(n, k_cols, d_l, plan.chunk_row, k, plan.k_row, t, plan.k_row);
      return;
    }
    transpose(plan.key_dim, plan.value_dim, state, plan.v_row, state_transposed, plan.k_row);
    product<false>(n, k_cols, plan.value_dim, d_o, plan.v_row, 1, state_transposed, plan.k_row, d_q, plan.k_row);
    product<false>(n, k_cols, plan.value_dim, d_x, plan.v_row, 1, state_transposed, plan.k_row, t, plan.k_row);
    scale_and_dot(n, k_cols, decays.from_start, d_q, q, plan.k_row, d_start);
    for (ptrdiff_t i = 0; i < n; ++i) column[i] = -decays.from_start[i];
    scale_and_dot(n, k_cols, column, t, k, plan.k_row, dot);
    for (ptrdiff_t i = 0; i < n; ++i) d_start[i] += decays.erase[i] * dot[i];
    lower_product<true>(n, k_cols, d_p, plan.chunk_row, k, plan.k_row, d_q, plan.k_row);
    lower_product<true>(n, k_cols, d_l, plan.chunk_row, k, plan.k_row, t, plan.k_row);
  }

  /// d_k without B T (store_keys adds it), and what D hands to dg.
  void key_gradient(ptrdiff_t n, const float* values, bool has_d_state) {
    if (has_d_state) {
      transpose(plan.key_dim, plan.value_dim, d_state, plan.v_row, state_transposed, plan.k_row);
      product<false>(n, k_cols, plan.value_dim, values, plan.v_row, 1, state_transposed, plan.k_row, d_k, plan.k_row);
      scale_and_dot(n, k_cols, decays.to_end, d_k, k, plan.k_row, d_end);
      lower_transposed_product<true>(n, k_cols, d_p, plan.chunk_row, q, plan.k_row, d_k, plan.k_row);
    } else {
      for (ptrdiff_t i = 0; i < n; ++i) d_end[i] = 0;
      lower_transposed_product<false>(n, k_cols, d_p, plan.chunk_row, q, plan.k_row, d_k, plan.k_row);
    }
    scale_rows(n, k_cols, decays.erase, k, scaled, plan.k_row);
    lower_transposed_product<true>(n, k_cols, d_l, plan.chunk_row, scaled, plan.k_row, d_k, plan.k_row);
  }

  /// <S, dS'>
  float state_product(const float* state) const {
    V s{};
    for (ptrdiff_t i = 0; i < plan.key_dim; ++i)
      for (ptrdiff_t j = 0; j < v_cols; j += W) s = fma(load(state + i * plan.v_row + j), load(d_state + i * plan.v_row + j), s);
    return sum(s);
  }

  void store_keys(ptrdiff_t first, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; ++i) {
      float *to_q = head.d_q.row(first + i), *to_k = head.d_k.row(first + i);
      V key_dot_t{};
      for (ptrdiff_t j = 0; j < plan.key_dim; j += W) {
        const ptrdiff_t here = plan.key_dim - j, at = i * plan.k_row + j;
        V dq = splat(head.form.query_scale) * load(d_q + at), dk = fma(splat(decays.erase[i]), load(t + at), load(d_k + at));
        key_dot_t = fma(load(k + at), load(t + at), key_dot_t);
        if (head.add_to_key) dq += load_n(to_q + j, here), dk += load_n(to_k + j, here);
        store_n(to_q + j, dq, here), store_n(to_k + j, dk, here);
      }
      dot[i] = head.form.erase ? sum(key_dot_t) : 0;  // dbeta so far
    }
  }

  void store_values(ptrdiff_t first, ptrdiff_t n) {
    const bool write_beta = head.form.write_beta;
    for (ptrdiff_t i = 0; i < n; ++i) {
      const float* v = head.v.row(first + i);
      float* to = head.d_v.row(first + i);
      const V write = splat(write_beta ? decays.beta[i] : 1);
      V dx_dot_v{};
      for (ptrdiff_t j = 0; j < plan.value_dim; j += W) {
        const ptrdiff_t here = plan.value_dim - j;
        const V dx = load(d_x + i * plan.v_row + j);
        dx_dot_v = fma(dx, load_n(v + j, here), dx_dot_v);
        store_n(to + j, write * dx, here);
      }
      head.d_beta.row(first + i)[0] = write_beta ? dot[i] + sum(dx_dot_v) : dot[i];
    }
  }

  void store_gates(ptrdiff_t first, ptrdiff_t n, float whole) {
    float ends = 0, starts = 0;
    for (ptrdiff_t i = 0; i < n; ++i) {
      d_pair[i] += ends;
      ends += d_end[i];
    }
    for (ptrdiff_t i = n - 1; i >= 0; --i) {
      starts += d_start[i];
      head.d_g.row(first + i)[0] = d_pair[i] + starts + whole;
    }
  }

  void state_gradient(ptrdiff_t n, bool has_d_state) {
    scale_rows(n, k_cols, decays.from_start, q, scaled, plan.k_row);
    if (has_d_state) {
      for (ptrdiff_t i = 0; i < plan.key_dim; ++i)
        for (ptrdiff_t j = 0; j < v_cols; j += W)
          store(d_state + i * plan.v_row + j, splat(decays.whole) * load(d_state + i * plan.v_row + j));
      product<true>(plan.key_dim, v_cols, n, scaled, 1, plan.k_row, d_o, plan.v_row, d_state, plan.v_row);
    } else {
      product<false>(plan.key_dim, v_cols, n, scaled, 1, plan.k_row, d_o, plan.v_row, d_state, plan.v_row);
    }
    scale_rows(n, k_cols, decays.minus_erase_e, k, scaled, plan.k_row);
    product<true>(plan.key_dim, v_cols, n, scaled, 1, plan.k_row, d_x, plan.v_row, d_state, plan.v_row);
  }
};

void backward(const DeltaHeadBackward& head) {
  const DeltaPlan& plan = head.plan;
  BackwardChunk chunk(head);
  if (head.d_final_state) pad_rows(plan.key_dim, plan.value_dim, head.d_final_state, chunk.d_state, plan.v_row);
  bool has_d_state = head.d_final_state != nullptr;
  for (ptrdiff_t s = plan.segments() - 1; s >= 0; --s) {
    const ptrdiff_t begin = s * plan.segment, end = begin + plan.segment < plan.chunks ? begin + plan.segment : plan.chunks;
    const bool starts = chunk.recompute_states(begin, end);
    for (ptrdiff_t c = end - 1; c >= begin; --c) {
      const float* state = c > begin || starts ? chunk.states + (c - begin) * plan.state_size() : nullptr;
      const bool want = c > 0 || head.d_initial;
      chunk.run(c * plan.chunk, plan.tokens(c), state, has_d_state, want);
      has_d_state = want;
    }
  }
  if (head.d_initial) unpad_rows(plan.key_dim, plan.value_dim, chunk.d_state, plan.v_row, head.d_initial);
}

}  // namespace
}  // namespace separatrix::SIMD_SET
