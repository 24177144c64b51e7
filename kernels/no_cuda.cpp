// The CUDA entry points of a build without CUDA: same names, one clear answer.
#include "kernels/executors.h"

namespace separatrix {

std::unique_ptr<Executor> make_cuda_executor(const Spec&, Precision) {
  fail("built without CUDA; run with --device cpu, or configure with the preset 'cuda' where nvcc is installed");
}

}  // namespace separatrix
