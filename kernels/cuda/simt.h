// The words of a kernel text: those of CUDA, or their emulation on the host.  Shared memory is always dynamic: a kernel takes it
// from shared_memory(), its size is the launch's.  Included by kernel texts only.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/cuda/runtime.h"
#include "kernels/cuda/space.h"
#include "kernels/rows.h"

#ifdef SEPARATRIX_EMULATED
#include "kernels/cuda/simt_emulated.h"
#else
#include <cuda_runtime.h>

namespace separatrix::cuda {

using Dim3 = dim3;

__device__ inline float* shared_memory() {
  extern __shared__ __align__(16) unsigned char block_shared_memory[];
  return reinterpret_cast<float*>(block_shared_memory);
}

/// Queues one kernel; what the driver refuses is thrown as Error with the kernel's `name`.
template <class... P, class... A>
void launch(Stream stream, const char* name, void (*kernel)(P...), Dim3 grid, Dim3 block, std::size_t shared_bytes,
            A... arguments) {
  // Holds for all threads of this process: every launch of one kernel beyond 48 KiB must ask for as much as the others.
  if (shared_bytes > 48 * 1024)
    check_cuda(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes)), name);
  // clang-format off
  kernel<<<grid, block, shared_bytes, static_cast<cudaStream_t>(stream.handle)>>>(static_cast<P>(arguments)...);
  // clang-format on
  check_cuda(cudaGetLastError(), name);
}

}  // namespace separatrix::cuda
#endif

namespace separatrix::SIMT {

constexpr int warp_size = 32;
constexpr std::size_t most_shared_bytes = 227 * 1024;  // of one block, compute capability 9.0

/// x, of which the compiler forgets what it is: what is computed from it in a loop is not kept in registers from turn to turn.
__device__ inline int forgotten(int x) {
#ifndef SEPARATRIX_EMULATED
  asm volatile("" : "+r"(x));
#endif
  return x;
}

/// A barrier of `threads` threads, whole warps, that name the same `id`, 1 to 15, wherever in the text each of them calls it.
__device__ inline void named_barrier(int id, int threads) {
#ifdef SEPARATRIX_EMULATED
  wait_at_named_barrier(id, threads);
#else
  asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
#endif
}

/// The same without waiting: for a thread that has made what others wait for there, or is done with what they want back.
__device__ inline void named_arrive(int id, int threads) {
#ifdef SEPARATRIX_EMULATED
  arrive_at_named_barrier(id, threads);
#else
  asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory");
#endif
}

/// Sum over the 32 lanes of a warp, in every lane; the order of the additions is fixed.
__device__ inline float warp_sum(float x) {
  for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(0xffffffffu, x, step);
  return x;
}
__device__ inline double warp_sum(double x) {
  for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(0xffffffffu, x, step);
  return x;
}
__device__ inline float warp_max(float x) {
  for (int step = 16; step > 0; step /= 2) x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, step));
  return x;
}

/// Sum over a block of whole warps, in every thread; `scratch` holds one T per warp and is free again after the call.
template <class T>
__device__ inline T block_sum(T x, T* scratch) {
  x = warp_sum(x);
  if (threadIdx.x % warp_size == 0) scratch[threadIdx.x / warp_size] = x;
  __syncthreads();
  T total = 0;
  for (unsigned w = 0; w < blockDim.x / warp_size; ++w) total += scratch[w];
  __syncthreads();
  return total;
}

/// Hands out pieces of shared memory.
struct SharedPieces {
  float* next;
  __device__ explicit SharedPieces(float* first) : next(first) {}
  __device__ float* take(int floats) {
    float* piece = next;
    next += floats;
    return piece;
  }
};

__device__ inline float sigmoid(float x) {
  return 1.0f / (1.0f + expf(-x));
}

/// 2^x to 2^-22 of it, by one operation of the GPU instead of a few: what lies below 2^-126 is 0.
__device__ inline float power_of_two(float x) {
#ifdef SEPARATRIX_EMULATED
  return std::exp2(x);
#else
  float power;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
  return power;
#endif
}

inline int blocks_for(std::ptrdiff_t work, int per_block) {
  return static_cast<int>((work + per_block - 1) / per_block);
}

}  // namespace separatrix::SIMT
