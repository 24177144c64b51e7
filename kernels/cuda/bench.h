// kernels/cuda_bench.h for the device of this namespace.
#pragma once
#include "kernels/cuda/space.h"
#include "kernels/cuda_bench.h"

namespace separatrix::SIMT {

std::vector<KernelSpeed> bench_delta(const KernelBench& bench);
std::vector<KernelSpeed> bench_attention(const KernelBench& bench);
double product_gigaflops(Precision precision);

}  // namespace separatrix::SIMT
