// The gated output norm compiled for one instruction set.
#include "kernels/gated_delta_rule/output.inc"

const separatrix::OutputKernels separatrix::output_avx2{separatrix::avx2::forward, separatrix::avx2::backward};
