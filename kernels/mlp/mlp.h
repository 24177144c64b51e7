// The activation between the two products of an MLP.
//   SwiGLU (Shazeer 2020):  y = silu(g) * u,  silu(g) = g s, s = sigmoid(g);   dg = dy u s (1 + g (1 - s)),  du = dy g s
//   ReLU:                   y = max(u, 0);                                     du = dy where u > 0, else 0
// Into bf16 (only where isa() is avx512_bf16): the result rounded to nearest even, rows without gaps, as the next product reads it.
#pragma once
#include <cstdint>

#include "kernels/rows.h"

namespace separatrix {

/// gate_up (rows, 2 * hidden): g | u, one product of the stacked weights; y (rows, hidden).
void swiglu_forward(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> gate_up, Rows<float> y);
void swiglu_forward(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> gate_up, std::uint16_t* y);
/// dy (rows, hidden) -> dgate_up (rows, 2 * hidden), which may be gate_up itself.
void swiglu_backward(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> gate_up, Rows<const float> dy,
                     Rows<float> dgate_up);
void swiglu_backward(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> gate_up, Rows<const float> dy,
                     std::uint16_t* dgate_up);

/// up, y: (rows, hidden); y may be up.
void relu_forward(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> up, Rows<float> y);
void relu_forward(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> up, std::uint16_t* y);
/// dup may be up or dy.
void relu_backward(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> up, Rows<const float> dy, Rows<float> dup);
void relu_backward(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> up, Rows<const float> dy, std::uint16_t* dup);

}  // namespace separatrix
