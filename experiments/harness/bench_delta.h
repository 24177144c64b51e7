// The speed of the gated delta rule alone, forward and backward, as `separatrix bench gdn` prints it.
#pragma once
#include "kernels/gated_delta_rule/delta.h"

namespace separatrix {

struct DeltaSpeed {
  DeltaShape shape;
  int runs = 0;                                // measured, after one to warm up
  double forward = 0, backward = 0;            // seconds, medians
  double forward_best = 0, backward_best = 0;  // seconds
  // Per token and value head: of the three products with the state, 6 key_dim value_dim, and of the eight with states and their
  // gradients, 16 key_dim value_dim; of a sequence so short that the triangles K K^T, Q K^T and what multiplies them are cheaper,
  // those: 2 and 4 length (key_dim + value_dim).
  double forward_gigaflop = 0, backward_gigaflop = 0;
  double peak = 0;   // GFLOP/s of a large fp32 matrix product, same threads, this moment
  double error = 0;  // of output and gradients against the token recurrence in double, the worst, relative
};

/// Draws unit keys, beta in (0, 2) and gates alpha near 1, fp32.  Throws Error for a shape with a zero, for runs < 1, and when
/// output or gradients on a short sequence are not the token recurrence's: a wrong kernel has no speed.
DeltaSpeed bench_delta(const DeltaShape& shape, int runs);

}  // namespace separatrix
