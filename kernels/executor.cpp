// Which executor runs a spec.
#include "kernels/executor.h"

#include "kernels/executors.h"

namespace separatrix {

std::unique_ptr<Executor> make_executor(const Spec& spec, Device device, Precision precision) {
  if (device == Device::cuda) return make_cuda_executor(spec, precision);
  if (device == Device::cpu) return make_cpu_executor(spec, precision);
  if (precision != Precision::fp32) fail("the reference executor computes in fp32; run with --precision fp32 or --device cpu");
  return make_reference_executor(spec);
}

}  // namespace separatrix
