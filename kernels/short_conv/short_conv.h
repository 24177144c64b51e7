// Short causal depthwise convolution with what follows it in a gated delta rule layer, in one pass over the tokens:
//   u_t[c] = sum_j w[c, j] x_{t - width + 1 + j}[c]   (x_t = 0 for t < 0)      s = SiLU(u)
//   y = s / sqrt(|s|^2 + 1e-6) per head of unit_dim channels
#pragma once
#include <cstddef>

#include "kernels/rows.h"

namespace separatrix {

struct ShortConvShape {
  int batch, length, channels;
  int width;         // 0: no convolution, u = x
  bool silu = true;  // false: s = u
  int unit_dim = 0;  // 0: y = s; else it divides `channels`
};

/// Floats of scratch that one call needs with the present number of threads.
std::size_t short_conv_workspace_size(const ShortConvShape& shape);

/// Token t of sequence b is row b * length + t; weight (channels, 1, width), null when width = 0.
void short_conv_forward(const ShortConvShape& shape, Rows<const float> x, const float* weight, Rows<float> y, float* workspace);

/// d_x and d_weight are overwritten; d_x may be d_y.  Nothing but x is needed from the forward.
/// d_weight is summed per sequence, then in the order of the sequences: the same bits for any number of threads.
void short_conv_backward(const ShortConvShape& shape, Rows<const float> x, const float* weight, Rows<const float> d_y,
                         Rows<float> d_x, float* d_weight, float* workspace);

}  // namespace separatrix
