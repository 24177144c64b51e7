// CUDA's thread model on the host: every thread of a block is a fiber with its own stack, blocks run one after the other, and a
// fiber runs until it waits at a barrier.  The order in which fibers and blocks take turns can be chosen, so that a missing
// barrier shows as a result that depends on it.  Shared memory starts as NaN for every block and is followed by a guard band;
// limits of compute capability 9.0 are checked.
//
// What it does not show: races inside one barrier interval whose result is the same in every order tried, memory ordering between
// blocks, timing, bank conflicts, registers.  Every lane of a warp must take part in a collective (mask 0xffffffff).
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __grid_constant__
#define __launch_bounds__(...)

namespace separatrix::emulated {

struct Dim3 {
  unsigned x = 1, y = 1, z = 1;
};
inline thread_local Dim3 threadIdx, blockIdx, blockDim, gridDim;

enum class ThreadOrder { forward, reverse, shuffled, first_warp_ahead, last_warp_ahead };
/// The order in which the threads of a block, and the blocks of a grid, take turns from now on.  Shuffled: another order in every
/// barrier interval, a function of the seed.  Ahead: one warp goes on until it waits for its block, before the next one does
/// anything, so that what it reads without a barrier is not there yet, and what it overwrites has not been read.
void set_thread_order(ThreadOrder order, std::uint64_t seed = 0);

/// Runs `thread` once per thread of every block.  Throws Error when the launch breaks a limit, when the threads of a block wait at
/// different barriers, or when the guard band behind shared memory was written.
void run_grid(const char* name, Dim3 grid, Dim3 block, std::size_t shared_bytes, const std::function<void()>& thread);

float* shared_memory();
void block_barrier();
void warp_barrier();
void wait_at_named_barrier(int id, int threads);
void arrive_at_named_barrier(int id, int threads);

constexpr int exchange_bytes = 32;
/// The places where the lanes of this thread's warp put what the others may read after the next warp_barrier: lane i at
/// i * exchange_bytes.  Consecutive collectives use different places, so that one barrier is enough.
unsigned char* next_exchange();

/// Copies of this thread that were begun and not waited for (copies.h).
struct DelayedCopy {
  void* to;
  const void* from;
};
inline std::vector<DelayedCopy>& delayed_copies() {
  thread_local std::vector<DelayedCopy> of_thread[1024];  // 1024: the largest block
  return of_thread[threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)];
}

inline int lane() {
  return static_cast<int>(threadIdx.x % 32);
}

inline void __syncthreads() {
  block_barrier();
}
inline void __syncwarp() {
  warp_barrier();
}

/// The value of lane `from`, every lane asking for its own.
template <class T>
T exchanged(T x, int from) {
  static_assert(sizeof(T) <= exchange_bytes);
  unsigned char* places = next_exchange();
  std::memcpy(places + lane() * exchange_bytes, &x, sizeof(T));
  warp_barrier();
  std::memcpy(&x, places + from * exchange_bytes, sizeof(T));
  return x;
}
template <class T>
T __shfl_sync(unsigned, T x, int from) {
  return exchanged(x, from % 32);
}
template <class T>
T __shfl_xor_sync(unsigned, T x, int bits) {
  return exchanged(x, lane() ^ bits);
}
template <class T>
T __shfl_down_sync(unsigned, T x, int by) {
  return exchanged(x, lane() + by < 32 ? lane() + by : lane());
}

/// Bit i: the predicate of lane i.
inline unsigned __ballot_sync(unsigned, bool predicate) {
  unsigned char* places = next_exchange();
  places[lane() * exchange_bytes] = predicate;
  warp_barrier();
  unsigned bits = 0;
  for (unsigned i = 0; i < 32; ++i) bits |= static_cast<unsigned>(places[i * exchange_bytes]) << i;
  return bits;
}
/// Number of the lowest bit set, from 1; 0: none.
inline int __ffs(int x) {
  return __builtin_ffs(x);
}

using std::isfinite;

/// Two roundings where the GPU has one: the library's fmaf would take most of the time.
inline float fmaf(float a, float b, float c) {
  return a * b + c;
}

/// Fibers do not interrupt one another, so a plain addition is atomic.
template <class T>
T atomicAdd(T* p, T x) {
  const T before = *p;
  *p += x;
  return before;
}

/// Runs or, while the stream is being captured, records one launch (runtime_emulated.cpp).
void submit(Stream stream, std::function<void()> work);

template <class... P, class... A>
void launch(Stream stream, const char* name, void (*kernel)(P...), Dim3 grid, Dim3 block, std::size_t shared_bytes,
            A... arguments) {
  submit(stream, [=] { run_grid(name, grid, block, shared_bytes, [&] { kernel(static_cast<P>(arguments)...); }); });
}

}  // namespace separatrix::emulated
