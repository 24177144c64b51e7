// Numbers of 16 bits two or eight at a time.  The address is aligned to what is moved; nvcc would move byte by byte through memcpy,
// whose alignment it cannot know.
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
