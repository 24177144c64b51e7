// The chunk kernels compiled for one instruction set.
#include "kernels/gated_delta_rule/backward.inc"
#include "kernels/gated_delta_rule/forward.inc"

const separatrix::DeltaKernels separatrix::delta_avx2{separatrix::avx2::forward, separatrix::avx2::backward};
