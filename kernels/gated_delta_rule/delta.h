// Gated delta rule, forward and backward, chunk by chunk.  Per sequence and value head, state S (key_dim, value_dim), tokens t:
//   S <- alpha_t S + beta_t k_t (v_t - alpha_t S^T k_t)^T      [write_beta: production form]
//   S <- alpha_t S + k_t (v_t - beta_t alpha_t S^T k_t)^T      [otherwise: paper, Definition 1]
//   S <- alpha_t S + write_t k_t v_t^T, write_t = beta_t or 1             [erase = false: gated linear attention]
//   o_t = query_scale * S^T q_t,        alpha_t = exp(g_t)
// beta is the effective one (already doubled); value head h reads key head h / (value_heads / key_heads).
//
// Measured on one core of a Zen 4 (118 GFLOP/s fp32, AVX-512 forward / backward ms, best of many, other work on the machine):
//                                                          B32 T256 H4 64/128   B64 T57 H2 32/64   B64 T57 H2 8/16
// token by token, state in cache, vectorised over value_dim     50.9 / -           2.70 / -           0.76 / -
// v1  chunks of 64, substitution instead of the inverse         30.5 / 66.1        1.50 / 4.10        0.61 / 1.66
// v2  broadcast without an addition, rows of odd cache lines    29.9 / 63.2        1.52 / 3.94        0.55 / 1.38
// v3  rows asked for ahead, sums in registers                   29.3 / 62.9        1.38 / 3.79        0.54 / 1.26
// v4  chunks of 32 except where one of 64 holds the sequence    28.9 / 60.3        1.51 / 3.83        0.44 / 1.02
//     chunks of 48, 96, 128 instead                             30.1 30.8 34.3                        0.43 0.59 0.54 (forward)
// AVX2, B32 T256 H4 64/128: v1 37.8 / 79.4, v2 28.7 / 62.6.  With everything in the second-level cache v3 reaches 90 GFLOP/s: the
// rest is waiting for memory.
// v5  keeps the state before every fourth chunk and makes the others again, asks for one matrix at a time       default
//     Both cores of a Zen 3 (AVX2, 195 GFLOP/s), B32 T1024 H4, best of five medians: 64/64 v4 46.5 / 97, v5 41.2 / 99; 64/128 v4 77
//     / 161, v5 72 / 171; a training step takes the same time, and v5 keeps half as much memory between forward and backward.
#pragma once
#include <cstddef>

#include "kernels/rows.h"

namespace separatrix {

struct DeltaShape {
  int batch, length, key_heads, value_heads, key_dim, value_dim;
};

struct DeltaForm {
  float query_scale = 1;
  bool write_beta = true;
  bool erase = true;
};

/// Token t of sequence b is row b * length + t of every Rows.
struct DeltaInput {
  Rows<const float> q, k;        // (key_heads * key_dim)
  Rows<const float> v;           // (value_heads * value_dim)
  Rows<const float> g, beta;     // (value_heads); g = log alpha <= 0, -inf allowed
  const float* state = nullptr;  // (batch, value_heads, key_dim, value_dim) before the first token; null: zero
};

/// Gradients of the inputs, overwritten.  The state's may be null.
struct DeltaInputGradient {
  Rows<float> q, k, v, g, beta;
  float* state = nullptr;
};

/// Floats that the forward keeps for the backward: solved values of every token, state before every fourth chunk.
std::size_t delta_saved_size(const DeltaShape& shape);
/// Floats of scratch that one call (forward or backward) needs with the present number of threads.
std::size_t delta_workspace_size(const DeltaShape& shape);

/// o (value_heads * value_dim); `final_state` as DeltaInput::state, or null; `saved` null: no backward will follow.
void delta_forward(const DeltaShape& shape, const DeltaForm& form, const DeltaInput& in, Rows<float> o, float* final_state,
                   float* saved, float* workspace);

/// d_o and d_final_state (null: zero) are the gradients of delta_forward's results; `in` and `saved` as they were there.
void delta_backward(const DeltaShape& shape, const DeltaForm& form, const DeltaInput& in, const float* saved, Rows<const float> d_o,
                    const float* d_final_state, const DeltaInputGradient& d_in, float* workspace);

}  // namespace separatrix
