// What the kernels of one instruction set see: one sequence, its pointers already moved there.
#pragma once
#include "kernels/short_conv/short_conv.h"

namespace separatrix {

constexpr int max_width = 16;
constexpr std::ptrdiff_t conv_block = 8, conv_tile = 512;  // tokens, channels that the kernel treats at a time

struct ConvSequence {
  ShortConvShape shape;
  std::ptrdiff_t taps, row;  // taps = width, or 1 where there is no convolution; row = channels padded to 16
  const float* weight;       // (taps, row)
  Rows<const float> x;
  const float* zeros;  // (row), before the first token and after the last
};

struct ConvForward : ConvSequence {
  Rows<float> y;
};

struct ConvBackward : ConvSequence {
  Rows<const float> d_y;
  Rows<float> d_x;
  float* d_weight;  // (taps, row), overwritten
  float* scratch;   // (2 conv_block + taps - 1, row)
};

struct ConvKernels {
  void (*forward)(const ConvForward&);
  void (*backward)(const ConvBackward&);
};

namespace sse2 {
extern const ConvKernels conv_kernels;
}
namespace avx2 {
extern const ConvKernels conv_kernels;
}
namespace avx512 {
extern const ConvKernels conv_kernels;
}

}  // namespace separatrix
