// The CUDA devices of this machine.
#pragma once
#include <string>
#include <vector>

namespace separatrix {

/// "NVIDIA H200, 143771 MiB, compute capability 9.0", one per device.
/// Throws Error "built without CUDA" in a build without it, and the runtime's own message when there is no driver or device.
std::vector<std::string> cuda_devices();

/// What keeps this process from its CUDA device for good, after an error that the runtime cannot recover from (such as an illegal
/// address): every later call fails with it.  Empty: nothing.
std::string cuda_fault();

}  // namespace separatrix
