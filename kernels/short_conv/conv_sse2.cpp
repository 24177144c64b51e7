// The short convolution compiled for one instruction set.
#include "kernels/short_conv/conv.inc"

const separatrix::ConvKernels separatrix::conv_sse2{separatrix::sse2::forward, separatrix::sse2::backward};
