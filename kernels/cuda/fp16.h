// IEEE half precision as stored: 11 significant bits from 2^-14 to 65504, smaller numbers in steps of 2^-24; rounded to nearest
// even, infinite from 65520 on.  Arithmetic is done in float.
#pragma once
#include "kernels/cuda/bf16.h"

namespace separatrix::SIMT {

struct fp16 {
  std::uint16_t bits;
};

namespace half_bits {

inline std::uint32_t of(float x) {
  std::uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}
inline float to(std::uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}
/// On the host, by integer arithmetic.
inline std::uint16_t rounded(float x) {
  const std::uint32_t bits = of(x), sign = bits >> 16 & 0x8000, size = bits & 0x7FFFFFFF;
  if (size > 0x7F800000) return static_cast<std::uint16_t>(sign | 0x7E00);
  if (size >= 0x477FF000) return static_cast<std::uint16_t>(sign | 0x7C00);
  // Below 2^-14: floats from 0.5 to 1 are 2^-24 apart, so that this addition rounds as wanted.
  if (size < 0x38800000) return static_cast<std::uint16_t>(sign | (of(to(size) + 0.5f) - 0x3F000000));
  return static_cast<std::uint16_t>(sign | ((size + 0xFFF + (size >> 13 & 1) - 0x38000000) >> 13));
}
inline float value(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000) << 16, size = bits & 0x7FFF;
  if (size < 0x0400) return to(sign | of(static_cast<float>(size) * 0x1p-24f));
  if (size >= 0x7C00) return to(sign | 0x7F800000 | (size & 0x3FF) << 13);
  return to(sign | ((size << 13) + 0x38000000));
}

}  // namespace half_bits

SIMT_BOTH inline float to_float(fp16 x) {
#ifdef __CUDA_ARCH__
  float y;
  asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
  return y;
#else
  return half_bits::value(x.bits);
#endif
}
template <>
SIMT_BOTH inline fp16 from_float<fp16>(float x) {
#ifdef __CUDA_ARCH__
  fp16 y;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
  return y;
#else
  return {half_bits::rounded(x)};
#endif
}

}  // namespace separatrix::SIMT
