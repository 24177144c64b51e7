// The gated output norm compiled for one instruction set.
#include "kernels/gated_delta_rule/output.inc"

const separatrix::OutputKernels separatrix::output_sse2{separatrix::sse2::forward, separatrix::sse2::backward};
