// The gated output norm compiled for one instruction set.
#include "kernels/gated_delta_rule/output.inc"

const separatrix::OutputKernels separatrix::output_avx512{separatrix::avx512::forward, separatrix::avx512::backward};
