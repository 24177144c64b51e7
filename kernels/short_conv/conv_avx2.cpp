// The short convolution compiled for one instruction set.
#include "kernels/short_conv/conv.inc"

const separatrix::ConvKernels separatrix::conv_avx2{separatrix::avx2::forward, separatrix::avx2::backward};
