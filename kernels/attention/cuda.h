// Causal softmax attention on the GPU (equations: attention.h), fp32, head_dim 1 to 128: its versions.
#pragma once
#include <vector>

#include "kernels/attention/attention.h"
#include "kernels/cuda/runtime.h"

namespace separatrix::SIMT {

/// One implementation of both passes.  dq, dk, dv must not be q, k, v.
struct AttentionVersion {
  const char* name;
  int operand_bits;  // significant bits of what its products multiply
  void (*forward)(Stream, const AttentionShape&, Rows<const float> q, Rows<const float> k, Rows<const float> v, Rows<float> out,
                  float* lse);
  void (*backward)(Stream, const AttentionShape&, const AttentionSaved&, Rows<const float> dout, Rows<float> dq, Rows<float> dk,
                   Rows<float> dv);
};

/// All versions, oldest first; attention_forward and attention_backward (kernels/cuda/operations.h) are the first one until
/// a GPU has shown which is faster.
const std::vector<AttentionVersion>& attention_versions();

AttentionVersion attention_v1();
AttentionVersion attention_v2();

}  // namespace separatrix::SIMT
