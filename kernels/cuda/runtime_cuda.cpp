// The runtime of a machine with CUDA.  Compiled and linked without a GPU; unverified on one.
#include <cuda_runtime.h>

#include "kernels/cuda/runtime.h"
#include "tasks/error.h"

namespace separatrix::cuda {

void check_cuda(int status, const char* name) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // forgets it: the next launch must not report it again
  throw Error(std::string(name) + ": " + cudaGetErrorString(static_cast<cudaError_t>(status)));
}
void refuse(const std::string& line) {
  throw Error(line);
}
void require_device() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || count == 0)
    throw Error(std::string("no CUDA device: ") + (status == cudaSuccess ? "none found" : cudaGetErrorString(status)) +
                "; run with --device cpu");
}

bool no_device() {
  int count = 0, driver = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  const bool no_driver = cudaDriverGetVersion(&driver) == cudaSuccess && driver == 0;
  return status == cudaErrorNoDevice || (status == cudaSuccess && count == 0) || no_driver;
}
std::size_t device_shared_bytes() {
  int device = 0, bytes = 0;
  check_cuda(cudaGetDevice(&device), "cudaGetDevice");
  check_cuda(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device), "shared memory of a block");
  return static_cast<std::size_t>(bytes);
}

StreamOwner::StreamOwner() {
  cudaStream_t stream;
  check_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
  stream_.handle = stream;
}
StreamOwner::~StreamOwner() {
  cudaStreamDestroy(static_cast<cudaStream_t>(stream_.handle));
}

void wait_for(Stream stream) {
  check_cuda(cudaStreamSynchronize(static_cast<cudaStream_t>(stream.handle)), "cudaStreamSynchronize");
}

double seconds_of(Stream stream, const std::function<void()>& work) {
  struct Event {
    cudaEvent_t handle = nullptr;
    Event() { check_cuda(cudaEventCreate(&handle), "cudaEventCreate"); }
    ~Event() { cudaEventDestroy(handle); }
  } begin, end;
  const auto handle = static_cast<cudaStream_t>(stream.handle);
  check_cuda(cudaEventRecord(begin.handle, handle), "cudaEventRecord");
  work();
  check_cuda(cudaEventRecord(end.handle, handle), "cudaEventRecord");
  check_cuda(cudaEventSynchronize(end.handle), "cudaEventSynchronize");
  float milliseconds = 0;
  check_cuda(cudaEventElapsedTime(&milliseconds, begin.handle, end.handle), "cudaEventElapsedTime");
  return 1e-3 * milliseconds;
}

void* device_allocate(std::size_t bytes) {
  void* p = nullptr;
  check_cuda(cudaMalloc(&p, bytes > 0 ? bytes : 1), "cudaMalloc");
  return p;
}
void device_free(void* p) {
  cudaFree(p);
}
void* pinned_allocate(std::size_t bytes) {
  void* p = nullptr;
  check_cuda(cudaMallocHost(&p, bytes > 0 ? bytes : 1), "cudaMallocHost");
  return p;
}
void pinned_free(void* p) {
  cudaFreeHost(p);
}

void copy_async(Stream stream, void* to, const void* from, std::size_t bytes) {
  check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, static_cast<cudaStream_t>(stream.handle)), "cudaMemcpyAsync");
}
void copy_rows_async(Stream stream, void* to, std::size_t to_apart, const void* from, std::size_t from_apart, std::size_t bytes,
                     std::size_t rows) {
  check_cuda(
      cudaMemcpy2DAsync(to, to_apart, from, from_apart, bytes, rows, cudaMemcpyDefault, static_cast<cudaStream_t>(stream.handle)),
      "cudaMemcpy2DAsync");
}
void zero_async(Stream stream, void* to, std::size_t bytes) {
  check_cuda(cudaMemsetAsync(to, 0, bytes, static_cast<cudaStream_t>(stream.handle)), "cudaMemsetAsync");
}

Graph::Graph(Stream stream, const std::function<void()>& work) {
  const auto handle = static_cast<cudaStream_t>(stream.handle);
  cudaGraph_t graph = nullptr;
  check_cuda(cudaStreamBeginCapture(handle, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
  try {
    work();
  } catch (...) {
    cudaStreamEndCapture(handle, &graph);
    if (graph) cudaGraphDestroy(graph);
    throw;
  }
  check_cuda(cudaStreamEndCapture(handle, &graph), "cudaStreamEndCapture");
  cudaGraphExec_t executable = nullptr;
  const cudaError_t status = cudaGraphInstantiate(&executable, graph, 0);
  cudaGraphDestroy(graph);
  check_cuda(status, "cudaGraphInstantiate");
  recorded_ = executable;
}
Graph::~Graph() {
  if (recorded_) cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(recorded_));
}
void Graph::replay(Stream stream) const {
  check_cuda(cudaGraphLaunch(static_cast<cudaGraphExec_t>(recorded_), static_cast<cudaStream_t>(stream.handle)), "cudaGraphLaunch");
}

}  // namespace separatrix::cuda
