// What follows the gated delta rule before its output projection, per token and head of value_dim:
//   y = w * o / sqrt(mean(o^2) + eps) * SiLU(z)        norm first, then gate; w (value_dim) is shared by all heads
#pragma once
#include <cstddef>

#include "kernels/rows.h"

namespace separatrix {

struct DeltaOutputShape {
  int batch, length, heads, value_dim;
  bool norm = true, gate = true;  // false: without the norm and w | without SiLU(z)
  float eps = 1e-5f;
};

/// Floats of scratch that the backward needs.
std::size_t delta_output_workspace_size(const DeltaOutputShape& shape);

/// o, z, y (heads * value_dim); weight (value_dim).  Without norm or gate: weight or z is not read.  y may be o.
void delta_output_forward(const DeltaOutputShape& shape, Rows<const float> o, const float* weight, Rows<const float> z,
                          Rows<float> y);

/// d_o, d_z and d_weight are overwritten; d_o may be d_y.  d_weight (batch, value_dim): of every sequence by itself, for
/// add_sequences; not written without a norm.
void delta_output_backward(const DeltaOutputShape& shape, Rows<const float> o, const float* weight, Rows<const float> z,
                           Rows<const float> d_y, Rows<float> d_o, float* d_weight, Rows<float> d_z, float* workspace);

}  // namespace separatrix
