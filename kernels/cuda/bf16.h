// bfloat16 as stored: the upper half of a float, rounded to nearest even.  Arithmetic is done in float.
#pragma once
#include <cstdint>
#include <cstring>

#include "kernels/cuda/space.h"

#ifdef __CUDACC__
#define SIMT_BOTH __host__ __device__
#else
#define SIMT_BOTH
#endif

namespace separatrix::SIMT {

struct bf16 {
  std::uint16_t bits;
};

SIMT_BOTH inline float to_float(float x) {
  return x;
}
SIMT_BOTH inline float to_float(bf16 x) {
  const std::uint32_t bits = static_cast<std::uint32_t>(x.bits) << 16;
  float y;
  memcpy(&y, &bits, sizeof y);
  return y;
}

template <class T>
SIMT_BOTH inline T from_float(float x);
template <>
SIMT_BOTH inline float from_float<float>(float x) {
  return x;
}
template <>
SIMT_BOTH inline bf16 from_float<bf16>(float x) {
  std::uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  if (x != x) return {static_cast<std::uint16_t>(bits >> 16 | 0x40)};
  return {static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)};
}

}  // namespace separatrix::SIMT
