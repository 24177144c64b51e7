// The versions of the gated output norm on the GPU; cuda_v2_output.cu chooses.
#pragma once
#include "kernels/cuda/operations.h"

namespace separatrix::SIMT {

/// Any dimension.  scratch: batch * length * heads + sums_scratch_size(value_dim)
template <class T>
void delta_output_v1_forward(Stream, const DeltaOutputShape&, In<T> o, const float* weight, In<T> z, Rows<T> y);
template <class T>
void delta_output_v1_backward(Stream, const DeltaOutputShape&, In<T> o, const float* weight, In<T> z, In<T> d_y, Rows<T> d_o,
                              float* d_weight, Rows<T> d_z, float* scratch);

}  // namespace separatrix::SIMT
