// Short causal depthwise convolution with what follows it in a gated delta rule layer, in one pass over the tokens:
//   u_t[c] = sum_j w[c, j] x_{t - width + 1 + j}[c]   (x_t = 0 for t < 0)      s = SiLU(u)
//   y = s / sqrt(|s|^2 + 1e-6) per head of unit_dim channels
//
// Measured on one core of a Zen 4, AVX-512 (AVX2), B32 T256, 512 channels without norm, forward / backward ms, other work on the
// machine:
// v1  every load asks whether its vector is whole                                                       4.0 / 8.7  (5.7 / 13.0)
// v2  whole vectors apart, four taps unrolled, rows of an odd number of cache lines                     2.9 / 7.8  (4.2 / 8.7)
// On one core of a Zen 3 (AVX2), the same within rows of 1552 numbers, as the layer has them:
// v2                                                                                                    6.1 / 12.7
// v3  tiles of channels, blocks of tokens: weights and their gradient stay in registers                 5.4 / 10.1
// In a training step with both cores of a Zen 5 (B32 T978, bf16, the model of paper/model.toml), ns a channel and token:
// v3                                                                                                    0.59 / 1.45
// v4  the rows of the block after this one are asked for, a vector at a time                            0.35 / 0.73       default
#pragma once
#include <cstddef>

#include "kernels/rows.h"

namespace separatrix {

struct ShortConvShape {
  int batch, length, channels;
  int width;         // at most 16; 0: no convolution, u = x
  bool silu = true;  // false: s = u
  int unit_dim = 0;  // 0: y = s; else it divides `channels`
};

/// Floats of scratch that one call needs with the present number of threads.
std::size_t short_conv_workspace_size(const ShortConvShape& shape);

/// Token t of sequence b is row b * length + t; weight (channels, 1, width), null when width = 0.
void short_conv_forward(const ShortConvShape& shape, Rows<const float> x, const float* weight, Rows<float> y, float* workspace);

/// d_x and d_weight are overwritten; d_x may be d_y.  Nothing but x is needed from the forward.
/// d_weight (batch, channels, width): of every sequence by itself, for add_sequences; null when width = 0.
void short_conv_backward(const ShortConvShape& shape, Rows<const float> x, const float* weight, Rows<const float> d_y,
                         Rows<float> d_x, float* d_weight, float* workspace);

}  // namespace separatrix
