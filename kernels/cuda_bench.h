// Speeds of the CUDA kernels beside their floors, and the check that comes first: a wrong kernel has no speed.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "kernels/executor.h"

namespace separatrix {

/// One call of one kernel version, timed on the device.
struct KernelSpeed {
  std::string version, pass;        // "v1_fma"; "forward" | "backward" | "forward_alone": no backward follows
  double seconds = 0, fastest = 0;  // median
  double spread = 0;                // (90 % quantile - 10 % quantile) / median
  double bytes = 0, flops = 0;      // that must be moved at least (every input read once, every output written once) and computed
  double bandwidth = 0;             // bytes per second of a large device copy here and now, read and write counted
  double product_rate = 0;          // FLOP/s of a large bf16 matrix product here and now
  double error = 0;                 // |result - CPU kernel| / |the latter|, the worst of all results, at a short length
  double floor() const { return std::max(bytes / bandwidth, flops / product_rate); }
};

struct KernelBench {
  int batch = 32, length = 1024, heads = 4, key_dim = 64, value_dim = 64;  // attention: head_dim = key_dim
  Precision precision = Precision::bf16;                                   // of inputs, outputs and their gradients
  int repeats = 50;
};

/// Every version of the gated delta rule, both passes, with unit keys, beta up to 2.  Throws Error without a device ("built without
/// CUDA" in a build without it), and when a result is not right.
std::vector<KernelSpeed> bench_delta_on_cuda(const KernelBench& bench);
/// Every version of causal attention, both passes.
std::vector<KernelSpeed> bench_attention_on_cuda(const KernelBench& bench);
/// GFLOP/s of a large matrix product on the device.
double cuda_product_gigaflops(Precision precision);

}  // namespace separatrix
