// The short convolution compiled for one instruction set.
#include "kernels/short_conv/conv.inc"

const separatrix::ConvKernels separatrix::conv_avx512{separatrix::avx512::forward, separatrix::avx512::backward};
