// The executors behind make_executor, one per device.
#pragma once
#include "kernels/executor.h"

namespace separatrix {

std::unique_ptr<Executor> make_reference_executor(const Spec& spec);
/// Goes through a batch in groups of at most `group_tokens` tokens (kernels/cpu/groups.h); 0: 1.5 MiB of the residual stream for
/// every thread.
std::unique_ptr<Executor> make_cpu_executor(const Spec& spec, Precision precision, std::ptrdiff_t group_tokens = 0);
/// Throws Error "built without CUDA" in a build without it (kernels/no_cuda.cpp).
std::unique_ptr<Executor> make_cuda_executor(const Spec& spec, Precision precision);

}  // namespace separatrix
