// Gated delta rule, forward and backward, chunk by chunk.  Per sequence and value head, state S (key_dim, value_dim), tokens t:
//   S <- alpha_t S + beta_t k_t (v_t - alpha_t S^T k_t)^T      [write_beta: production form]
//   S <- alpha_t S + k_t (v_t - beta_t alpha_t S^T k_t)^T      [otherwise: paper, Definition 1]
//   o_t = query_scale * S^T q_t,        alpha_t = exp(g_t)
// beta is the effective one (already doubled); value head h reads key head h / (value_heads / key_heads).
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

/// Floats that the forward keeps for the backward: solved values of every token, state before every chunk.
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
