// What the kernels of one instruction set see: one sequence of the gated norm, its pointers already moved there.
#pragma once
#include "kernels/gated_delta_rule/output.h"

namespace separatrix {

struct OutputForward {
  DeltaOutputShape shape;
  Rows<const float> o, z;
  const float* weight;
  Rows<float> y;
};

struct OutputBackward {
  DeltaOutputShape shape;
  Rows<const float> o, z;
  const float* weight;
  Rows<const float> d_y;
  Rows<float> d_o, d_z;
  float* d_weight;  // value_dim padded to 16, overwritten
};

struct OutputKernels {
  void (*forward)(const OutputForward&);
  void (*backward)(const OutputBackward&);
};

namespace sse2 {
extern const OutputKernels output_kernels;
}
namespace avx2 {
extern const OutputKernels output_kernels;
}
namespace avx512 {
extern const OutputKernels output_kernels;
}

}  // namespace separatrix
