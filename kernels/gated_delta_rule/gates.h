// Gates of the gated delta rule, per token and value head:
//   sigmoid:  g = log alpha = -exp(A_log) softplus(a + dt_bias)      beta = m sigmoid(b)
//   direct:   g = log a                                              beta = m b            (paper, Definition 1)
// m = 2 with negative eigenvalues, else 1.
#pragma once
#include "kernels/rows.h"

namespace separatrix {

struct DeltaGatesShape {
  int batch, length, heads;
  bool sigmoid = true, neg_eigval = true;
};

/// a, b, g, beta (heads); A_log, dt_bias (heads), not read by direct gates.
/// Throws Error when a direct gate is negative: the kernel keeps log alpha (the reference layer takes any).
void delta_gates_forward(const DeltaGatesShape& shape, Rows<const float> a, Rows<const float> b, const float* a_log,
                         const float* dt_bias, Rows<float> g, Rows<float> beta);

/// All gradients are overwritten; d_a may be d_g, d_b may be d_beta.  d_a_log and d_dt_bias (batch, heads): of every sequence by
/// itself, in token order, for add_sequences; not written by direct gates.  Throws Error when a direct gate is exactly 0: its slope
/// is not in d_g.
void delta_gates_backward(const DeltaGatesShape& shape, Rows<const float> a, Rows<const float> b, const float* a_log,
                          const float* dt_bias, Rows<const float> d_g, Rows<const float> d_beta, Rows<float> d_a, Rows<float> d_b,
                          double* d_a_log, double* d_dt_bias);

}  // namespace separatrix
