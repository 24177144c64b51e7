// The chunk kernels compiled for one instruction set.
#include "kernels/gated_delta_rule/backward.inc"
#include "kernels/gated_delta_rule/forward.inc"

const separatrix::DeltaKernels separatrix::delta_sse2{separatrix::sse2::forward, separatrix::sse2::backward};
