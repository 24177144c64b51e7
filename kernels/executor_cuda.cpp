// The CUDA entry points of a build with CUDA.
#include "kernels/cuda/bench.h"
#include "kernels/cuda/executor.h"
#include "kernels/executors.h"

namespace separatrix {

std::unique_ptr<Executor> make_cuda_executor(const Spec& spec, Precision precision) {
  return cuda::make_device_executor(spec, precision);
}

std::vector<KernelSpeed> bench_delta_on_cuda(const KernelBench& bench) {
  return cuda::bench_delta(bench);
}
std::vector<KernelSpeed> bench_attention_on_cuda(const KernelBench& bench) {
  return cuda::bench_attention(bench);
}
double cuda_product_gigaflops(Precision precision) {
  return cuda::product_gigaflops(precision);
}

}  // namespace separatrix
