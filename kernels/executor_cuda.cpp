// The CUDA executor of a build with CUDA.
#include "kernels/cuda/executor.h"
#include "kernels/executors.h"

namespace separatrix {

std::unique_ptr<Executor> make_cuda_executor(const Spec& spec, Precision precision) {
  return cuda::make_device_executor(spec, precision);
}

}  // namespace separatrix
