// Several neighbours of a row at a time, for kernels whose time is their memory's: pairs, and packets of 16 bytes.  Rows need no
// alignment: where an address or the end of a row forbids the wide access, elements go one by one.
#pragma once
#include "kernels/cuda/bf16.h"
#include "kernels/cuda/mma.h"
#include "kernels/cuda/wide.h"

namespace separatrix::SIMT {

/// Every row begins at a multiple of `bytes`.
template <class T>
__device__ inline bool rows_aligned(Rows<T> x, unsigned bytes) {
  const auto gap = static_cast<std::uintptr_t>(x.stride) * sizeof(T);
  return (reinterpret_cast<std::uintptr_t>(x.data) | gap) % bytes == 0;
}

/// x = from[0], from[1]; `wide`: the address is a multiple of a pair's size and both are there; else `count` of them are, and what
/// is not there is 0.
__device__ inline void load_two(const float* from, bool wide, int count, float (&x)[2]) {
  if (wide) return load_2(from, x);
  x[0] = count > 0 ? from[0] : 0.0f, x[1] = count > 1 ? from[1] : 0.0f;
}
__device__ inline void load_two(const bf16* from, bool wide, int count, float (&x)[2]) {
  if (wide) {
    const std::uint32_t pair = load_pair(from);
    x[0] = of_pair<bf16>(pair, 0), x[1] = of_pair<bf16>(pair, 1);
    return;
  }
  x[0] = count > 0 ? to_float(from[0]) : 0.0f, x[1] = count > 1 ? to_float(from[1]) : 0.0f;
}
__device__ inline void store_two(float* to, bool wide, int count, const float (&x)[2]) {
  if (wide) {
#ifdef SEPARATRIX_EMULATED
    std::memcpy(to, x, 8);
#else
    *reinterpret_cast<float2*>(to) = float2{x[0], x[1]};
#endif
    return;
  }
  if (count > 0) to[0] = x[0];
  if (count > 1) to[1] = x[1];
}
__device__ inline void store_two(bf16* to, bool wide, int count, const float (&x)[2]) {
  if (wide) return store_pair(to, to_bf16_pair(x[0], x[1]));
  if (count > 0) to[0] = from_float<bf16>(x[0]);
  if (count > 1) to[1] = from_float<bf16>(x[1]);
}

/// 16 bytes of T as floats; `whole` and `count` as above.
template <class T>
struct Packet {
  static constexpr int size = 16 / sizeof(T);
  float x[size];

  __device__ void load(const T* from, bool whole, int count) {
#pragma unroll
    for (int e = 0; e < size; ++e) x[e] = !whole && e < count ? to_float(from[e]) : 0.0f;
    if (!whole) return;
    if constexpr (sizeof(T) == 4) {
      load_4(from, x);
    } else {
      std::uint32_t pairs[4];
      load_8(from, pairs);
#pragma unroll
      for (int e = 0; e < size; ++e) x[e] = of_pair<bf16>(pairs[e / 2], e % 2);
    }
  }
  __device__ void store(T* to, bool whole, int count) const {
    if (!whole) {
#pragma unroll
      for (int e = 0; e < size; ++e)
        if (e < count) to[e] = from_float<T>(x[e]);
    } else if constexpr (sizeof(T) == 4) {
      store_4(to, x);
    } else {
      std::uint32_t pairs[4];
#pragma unroll
      for (int e = 0; e < 4; ++e) pairs[e] = to_bf16_pair(x[2 * e], x[2 * e + 1]);
      store_8(to, pairs);
    }
  }
};

/// The row and the first column of this thread's packet of `size` columns.
struct PacketPlace {
  std::ptrdiff_t row;
  int column;
};
__device__ inline PacketPlace packet_place(int size) {
  return {static_cast<std::ptrdiff_t>(blockIdx.x) * blockDim.y + threadIdx.y,
          static_cast<int>((blockIdx.y * blockDim.x + threadIdx.x) * static_cast<unsigned>(size))};
}
/// One thread per packet of `size` columns of (rows, cols); no thread divides.
template <class... P, class... A>
void launch_packets(Stream stream, const char* name, void (*kernel)(P...), std::ptrdiff_t rows, std::ptrdiff_t cols, int size,
                    A... arguments) {
  constexpr unsigned threads = 256;
  const std::ptrdiff_t packets = (cols + size - 1) / size;
  unsigned across = 1;
  while (across < threads && across < packets) across *= 2;
  const unsigned down = threads / across;
  launch(stream, name, kernel,
         Dim3{static_cast<unsigned>((rows + down - 1) / down), static_cast<unsigned>((packets + across - 1) / across), 1},
         Dim3{across, down, 1}, std::size_t{0}, arguments...);
}

}  // namespace separatrix::SIMT
