// The CUDA devices of this machine, by the runtime.
#include <cuda_runtime.h>

#include <stdexcept>

#include "kernels/cuda_devices.h"

namespace separatrix {
namespace {

void check(cudaError_t status, const char* call) {
  if (status != cudaSuccess) throw std::runtime_error(std::string(call) + ": " + cudaGetErrorString(status));
}

}  // namespace

std::string cuda_fault() {
  std::size_t free, all;
  const cudaError_t status = cudaMemGetInfo(&free, &all);  // asks nothing of the streams, whatever other threads record on theirs
  return status == cudaSuccess ? "" : cudaGetErrorString(status);
}

std::vector<std::string> cuda_devices() {
  int count = 0;
  check(cudaGetDeviceCount(&count), "cudaGetDeviceCount");
  std::vector<std::string> devices;
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp p;
    check(cudaGetDeviceProperties(&p, i), "cudaGetDeviceProperties");
    devices.push_back(std::string(p.name) + ", " + std::to_string(p.totalGlobalMem >> 20) + " MiB, compute capability " +
                      std::to_string(p.major) + "." + std::to_string(p.minor));
  }
  return devices;
}

}  // namespace separatrix
