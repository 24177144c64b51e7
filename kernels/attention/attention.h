// Causal softmax attention: for each sequence and head, with s = 1 / sqrt(head_dim),
//   out_t = sum_{j <= t} p_tj v_j,   p_tj = exp(s q_t.k_j - lse_t),   lse_t = log sum_{j <= t} exp(s q_t.k_j).
// Backward (Dao et al. 2022, FlashAttention, Algorithm 4), with D_t = dout_t . out_t:
//   dv_j = sum_t p_tj dout_t,   ds_tj = s p_tj (dout_t . v_j - D_t),   dq_t = sum_j ds_tj k_j,   dk_j = sum_t ds_tj q_t.
// With precision bf16 (only where isa() is avx512_bf16) q, k, v, dout, p and ds are rounded to bf16 as operands of products, whose
// sums are fp32, as is the softmax.
// Scores exist only for a strip of query rows at a time: memory grows with the length, not with its square.
#pragma once
#include "kernels/precision.h"
#include "kernels/rows.h"

namespace separatrix {

struct AttentionShape {
  std::ptrdiff_t batch = 0, length = 0, heads = 0, head_dim = 0;
};

/// q, k, v, out: (batch * length, heads * head_dim), any row strides; lse: (batch, heads, length), kept for the backward pass.
void attention_forward(const AttentionShape& shape, Rows<const float> q, Rows<const float> k, Rows<const float> v, Rows<float> out,
                       float* lse, Precision precision = Precision::fp32);

struct AttentionSaved {
  Rows<const float> q, k, v, out;
  const float* lse;
};

/// dq, dk, dv are overwritten; they may be q, k, v themselves.
void attention_backward(const AttentionShape& shape, const AttentionSaved& saved, Rows<const float> dout, Rows<float> dq,
                        Rows<float> dk, Rows<float> dv, Precision precision = Precision::fp32);

}  // namespace separatrix
