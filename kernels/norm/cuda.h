// The versions of RMSNorm on the GPU; cuda_v2_norm.cu chooses.
#pragma once
#include "kernels/cuda/operations.h"

namespace separatrix::SIMT {

/// Any width.
template <class X, class T>
void rms_norm_v1_forward(Stream, const NormShape&, Rows<const X> x, const float* weight, Rows<T> y, float* rstd, In<T> add);
template <class T>
void rms_norm_v1_backward(Stream, const NormShape&, In<T> dy, In<T> x, const float* weight, const float* rstd, Rows<T> dx,
                          float* dweight, float* scratch, bool accumulate, Rows<bf16> rounded);

}  // namespace separatrix::SIMT
