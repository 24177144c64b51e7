// The versions of the short convolution on the GPU; cuda_v2_conv.cu chooses.
#pragma once
#include "kernels/cuda/operations.h"

namespace separatrix::SIMT {

/// Any shape.  scratch: batch * length * channels + sums_scratch_size(channels * width)
template <class T>
void short_conv_v1_forward(Stream, const ShortConvShape&, In<T> x, const float* weight, Rows<T> y);
template <class T>
void short_conv_v1_backward(Stream, const ShortConvShape&, In<T> x, const float* weight, In<T> d_y, Rows<T> d_x, float* d_weight,
                            float* scratch);

}  // namespace separatrix::SIMT
