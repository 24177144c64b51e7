// The CUDA executor of a build with CUDA: this version has no CUDA kernel for any layer, and says which one it would need.
#include "kernels/executors.h"

namespace separatrix {

std::unique_ptr<Executor> make_cuda_executor(const Spec& spec, Precision) {
  for (std::size_t i = 0; i < spec.blocks.size(); ++i)
    fail("no CUDA kernel for {} (block {}); run with --device cpu",
         std::holds_alternative<Attention>(spec.blocks[i].mixer) ? "attention" : "gated_delta_rule", i);
  fail("no CUDA kernel for a model without blocks; run with --device cpu");
}

}  // namespace separatrix
