// The chunk kernels compiled for one instruction set.
#include "kernels/gated_delta_rule/backward.inc"
#include "kernels/gated_delta_rule/forward.inc"

const separatrix::DeltaKernels separatrix::delta_avx512{separatrix::avx512::forward, separatrix::avx512::backward};
