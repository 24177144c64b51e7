// The executor of the GPU, or of its emulation.
#pragma once
#include "kernels/cuda/space.h"
#include "kernels/executor.h"

namespace separatrix::SIMT {

/// Throws Error without a device, and for a layer without a kernel.
std::unique_ptr<Executor> make_device_executor(const Spec& spec, Precision precision);

}  // namespace separatrix::SIMT
