// Forward of one head: the UT transform (Yang et al. 2024) without forming its inverse.  Per chunk, with S before it:
//   L = stril(B K K^T o G)    P = tril(Q K^T o G)            B = diag(beta), q already scaled
//   V' = (I + L)^{-1} (B V - B E o (K S))                    Definition 1: V instead of B V
//   Nothing is erased: B = 0 but for B V, so V' = B V
//   O = E o (Q S) + P V'
//   S <- e^{gamma_n} S + (D o K)^T V'
#pragma once
#include "kernels/gated_delta_rule/chunk.h"

namespace separatrix::SIMD_SET {
namespace {

struct ForwardChunk {
  const DeltaHeadForward& head;
  const DeltaPlan& plan;
  ptrdiff_t k_cols, v_cols;
  Scratch scratch;
  Decays decays;
  float *q, *k, *scaled, *k_transposed;  // (n, k_row) three times, (key_dim, chunk_row)
  float *minus_l, *p;                    // (n, chunk_row)
  float *o, *values_buffer, *state_buffer;

  explicit ForwardChunk(const DeltaHeadForward& h)
      : head(h),
        plan(h.plan),
        k_cols(padded(h.plan.key_dim)),
        v_cols(padded(h.plan.value_dim)),
        scratch{h.scratch},
        decays(scratch, plan.chunk_row) {
    q = scratch.take(plan.chunk * plan.k_row), k = scratch.take(plan.chunk * plan.k_row);
    scaled = scratch.take(plan.chunk * plan.k_row), k_transposed = scratch.take(plan.k_row * plan.chunk_row);
    minus_l = scratch.take(plan.chunk * plan.chunk_row), p = scratch.take(plan.chunk * plan.chunk_row);
    o = scratch.take(plan.chunk * plan.v_row), values_buffer = scratch.take(plan.chunk * plan.v_row);
    state_buffer = scratch.take(plan.state_size());
  }

  /// Tokens [first, first + n); `state` before the chunk (null: zero), `next` receives the one after it (null: not wanted).
  void run(ptrdiff_t first, ptrdiff_t n, const float* state, float* next) {
    float* values = head.values ? head.values + first * plan.v_row : values_buffer;
    load_rows(n, plan.key_dim, head.q, first, head.form.query_scale, q, plan.k_row);
    load_rows(n, plan.key_dim, head.k, first, 1, k, plan.k_row);
    // What comes from memory is asked for ahead, one matrix at a time between the products: the rows of one head are too short for
    // the hardware to foresee them, and all at once would wait for each other.
    const ptrdiff_t after = first + n, rows = plan.length - after < n ? plan.length - after : n;
    prefetch_rows<true>(n, v_cols, Rows<float>{values, plan.v_row}, 0);
    decays.load_chunk(head, first, n);
    transpose(n, plan.key_dim, k, plan.k_row, k_transposed, plan.chunk_row);
    product_to_lower(n, plan.key_dim, k, plan.k_row, k_transposed, plan.chunk_row, minus_l, plan.chunk_row);
    prefetch_rows<false>(rows, plan.key_dim, head.q, after);
    product_to_lower(n, plan.key_dim, q, plan.k_row, k_transposed, plan.chunk_row, p, plan.chunk_row);
    prefetch_rows<false>(rows, plan.key_dim, head.k, after);
    decay_pairs(n, plan.chunk_row, decays, minus_l, p, nullptr);
    solve_values(first, n, state, values);
    outputs(first, n, state, values);
    prefetch_rows<false>(rows, plan.value_dim, head.v, after);
    if (next) advance_state(plan, n, decays, k, values, state, next, scaled);
  }

  void solve_values(ptrdiff_t first, ptrdiff_t n, const float* state, float* values) {
    for (ptrdiff_t i = 0; i < n; ++i) {
      const V write = splat(head.form.write_beta ? decays.beta[i] : 1);
      const float* v = head.v.row(first + i);
      for (ptrdiff_t j = 0; j < plan.value_dim; j += W)
        store(values + i * plan.v_row + j, write * load_n(v + j, plan.value_dim - j));
    }
    if (state) {
      scale_rows(n, k_cols, decays.minus_erase_e, k, scaled, plan.k_row);
      product<true>(n, v_cols, plan.key_dim, scaled, plan.k_row, 1, state, plan.v_row, values, plan.v_row);
    }
    prefetch_rows<true>(n, plan.value_dim, head.o, first);
    solve_lower(n, v_cols, minus_l, plan.chunk_row, values, plan.v_row);
  }

  void outputs(ptrdiff_t first, ptrdiff_t n, const float* state, const float* values) {
    lower_product<false>(n, v_cols, p, plan.chunk_row, values, plan.v_row, o, plan.v_row);
    if (state) {
      scale_rows(n, k_cols, decays.from_start, q, scaled, plan.k_row);
      product<true>(n, v_cols, plan.key_dim, scaled, plan.k_row, 1, state, plan.v_row, o, plan.v_row);
    }
    for (ptrdiff_t i = 0; i < n; ++i) {
      float* out = head.o.row(first + i);
      for (ptrdiff_t j = 0; j < plan.value_dim; j += W) store_n(out + j, load(o + i * plan.v_row + j), plan.value_dim - j);
    }
  }
};

void forward(const DeltaHeadForward& head) {
  const DeltaPlan& plan = head.plan;
  ForwardChunk chunk(head);
  float* state = nullptr;
  if (head.initial) {
    state = chunk.state_buffer;
    pad_rows(plan.key_dim, plan.value_dim, head.initial, state, plan.v_row);
  }
  for (ptrdiff_t c = 0; c < plan.chunks; ++c) {
    const bool last = c + 1 == plan.chunks, keep = head.states && (c + 1) % plan.segment == 0;
    float* next = last && !head.final_state ? nullptr : chunk.state_buffer;
    if (!last && keep) next = head.states + c / plan.segment * plan.state_size();
    chunk.run(c * plan.chunk, plan.tokens(c), state, next);
    state = next;
  }
  if (head.final_state) unpad_rows(plan.key_dim, plan.value_dim, state, plan.v_row, head.final_state);
}

}  // namespace
}  // namespace separatrix::SIMD_SET
