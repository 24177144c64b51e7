// Numbers of 16 bits two or eight at a time, floats by fours.  The address is aligned to what is moved; nvcc would move byte by
// byte through memcpy, whose alignment it cannot know.
#pragma once
#include <cstring>

#include "kernels/cuda/simt.h"

namespace separatrix::SIMT {

template <class E>
__device__ inline std::uint32_t load_pair(const E* from) {
  static_assert(sizeof(E) == 2);
#ifdef SEPARATRIX_EMULATED
  std::uint32_t pair;
  std::memcpy(&pair, from, sizeof pair);
  return pair;
#else
  return *reinterpret_cast<const std::uint32_t*>(from);
#endif
}

template <class E>
__device__ inline void store_pair(E* to, std::uint32_t pair) {
  static_assert(sizeof(E) == 2);
#ifdef SEPARATRIX_EMULATED
  std::memcpy(to, &pair, sizeof pair);
#else
  *reinterpret_cast<std::uint32_t*>(to) = pair;
#endif
}

/// Two floats, aligned to 8 bytes.
__device__ inline void load_2(const float* from, float (&x)[2]) {
#ifdef SEPARATRIX_EMULATED
  std::memcpy(x, from, 8);
#else
  const float2 both = *reinterpret_cast<const float2*>(from);
  x[0] = both.x, x[1] = both.y;
#endif
}

/// Four floats, aligned to 16 bytes.
__device__ inline void load_4(const float* from, float (&x)[4]) {
#ifdef SEPARATRIX_EMULATED
  std::memcpy(x, from, 16);
#else
  const float4 all = *reinterpret_cast<const float4*>(from);
  x[0] = all.x, x[1] = all.y, x[2] = all.z, x[3] = all.w;
#endif
}

__device__ inline void store_4(float* to, const float (&x)[4]) {
#ifdef SEPARATRIX_EMULATED
  std::memcpy(to, x, 16);
#else
  *reinterpret_cast<float4*>(to) = float4{x[0], x[1], x[2], x[3]};
#endif
}

/// Eight numbers as four pairs.
template <class E>
__device__ inline void load_8(const E* from, std::uint32_t (&pairs)[4]) {
  static_assert(sizeof(E) == 2);
#ifdef SEPARATRIX_EMULATED
  std::memcpy(pairs, from, 16);
#else
  const uint4 all = *reinterpret_cast<const uint4*>(from);
  pairs[0] = all.x, pairs[1] = all.y, pairs[2] = all.z, pairs[3] = all.w;
#endif
}

template <class E>
__device__ inline void store_8(E* to, const std::uint32_t (&pairs)[4]) {
  static_assert(sizeof(E) == 2);
#ifdef SEPARATRIX_EMULATED
  std::memcpy(to, pairs, 16);
#else
  *reinterpret_cast<uint4*>(to) = uint4{pairs[0], pairs[1], pairs[2], pairs[3]};
#endif
}

template <class E>
__device__ inline void copy_8(E* to, const E* from) {
  static_assert(sizeof(E) == 2);
#ifdef SEPARATRIX_EMULATED
  std::memcpy(to, from, 16);
#else
  *reinterpret_cast<int4*>(to) = *reinterpret_cast<const int4*>(from);
#endif
}

}  // namespace separatrix::SIMT
