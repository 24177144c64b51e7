// Causal softmax attention on the GPU (equations: attention.h), head_dim 1 to 128, float or bf16 outside: its versions.
#pragma once
#include <vector>

#include "kernels/attention/attention.h"
#include "kernels/cuda/runtime.h"

namespace separatrix::SIMT {

struct bf16;

/// What the backward reads of the forward; lse (batch, heads, length).
template <class T>
struct AttentionKept {
  Rows<const T> q, k, v, out;
  const float* lse;
};

/// One implementation of both passes.
template <class T>
struct AttentionVersion {
  const char* name;
  int operand_bits;  // significant bits of what its products multiply
  void (*forward)(Stream, const AttentionShape&, Rows<const T> q, Rows<const T> k, Rows<const T> v, Rows<T> out, float* lse);
  /// row_dots: scratch of the size of lse.  dq, dk, dv must not be q, k, v.
  void (*backward)(Stream, const AttentionShape&, const AttentionKept<T>&, Rows<const T> dout, float* row_dots, Rows<T> dq,
                   Rows<T> dk, Rows<T> dv);
};

/// All versions, oldest first.
template <class T>
const std::vector<AttentionVersion<T>>& attention_versions();
/// The one to use.  None has been timed: plain fp32 for float, until a GPU has shown which is faster; tensor cores for bf16.
template <class T>
const AttentionVersion<T>& attention_version();

/// Throws Error naming a head dimension that no kernel has.
void check_attention(const AttentionShape& shape);

/// A version defined in its own file; cuda_versions.cu lists them.
template <class T>
AttentionVersion<T> attention_v1();
AttentionVersion<float> attention_v2();
AttentionVersion<bf16> attention_v3();

}  // namespace separatrix::SIMT
