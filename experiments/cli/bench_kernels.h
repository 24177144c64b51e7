// The GPU's kernels in `separatrix bench`, each version beside its floor.
#pragma once
#include <vector>

#include "kernels/cuda_bench.h"

namespace CLI {
class App;
}

namespace separatrix {

void print_kernel_speeds(const std::vector<KernelSpeed>& speeds, bool json);
/// Adds `attention` to the verb.
void add_attention_bench(CLI::App& verb, int& exit_code);

}  // namespace separatrix
