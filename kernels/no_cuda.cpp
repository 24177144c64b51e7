// The CUDA entry points of a build without CUDA: same names, one clear answer.
#include "kernels/cuda_bench.h"
#include "kernels/cuda_devices.h"
#include "kernels/executors.h"

namespace separatrix {
namespace {

[[noreturn]] void without_cuda() {
  fail("built without CUDA; run with --device cpu, or configure with the preset 'cuda' where nvcc is installed");
}

[[noreturn]] void no_cuda_to_time() {
  fail("built without CUDA, and there is nothing else to time here; configure with the preset 'cuda' where nvcc is installed");
}

}  // namespace

std::unique_ptr<Executor> make_cuda_executor(const Spec&, Precision) {
  without_cuda();
}

std::vector<std::string> cuda_devices() {
  without_cuda();
}

std::string cuda_fault() {
  return "";
}

std::vector<KernelSpeed> bench_delta_on_cuda(const KernelBench&) {
  without_cuda();
}
std::vector<KernelSpeed> bench_attention_on_cuda(const KernelBench&) {
  no_cuda_to_time();
}
double cuda_product_gigaflops(Precision) {
  without_cuda();
}

}  // namespace separatrix
