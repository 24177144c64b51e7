// One text for three instruction sets: a vector V of W floats and what kernels do with it.
// Included only by kernel texts (*.inc), which are compiled once per set with its flags (CMakeLists.txt).  Everything lives in
// namespace separatrix::SIMD_SET, so that no function compiled for one set is ever linked into another (one-definition rule);
// for the same reason kernel texts instantiate no std:: template.  Fused multiply-adds are written (fma), never contracted.
#pragma once
#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__AVX512BF16__)
#define SIMD_SET avx512_bf16
#define SIMD_WIDTH 16
#elif defined(__AVX512F__)
#define SIMD_SET avx512
#define SIMD_WIDTH 16
#elif defined(__AVX2__)
#define SIMD_SET avx2
#define SIMD_WIDTH 8
#else
#define SIMD_SET sse2
#define SIMD_WIDTH 4
#endif

namespace separatrix::SIMD_SET {

constexpr int W = SIMD_WIDTH;
typedef float V __attribute__((vector_size(4 * SIMD_WIDTH)));
typedef int32_t I __attribute__((vector_size(4 * SIMD_WIDTH)));
typedef float VU __attribute__((vector_size(4 * SIMD_WIDTH), aligned(4), may_alias));  // V anywhere in memory

/// n rounded up to whole vectors.
constexpr ptrdiff_t padded(ptrdiff_t n) {
  return (n + W - 1) / W * W;
}

inline V load(const float* p) {
  return *reinterpret_cast<const VU*>(p);
}
inline void store(float* p, V v) {
  *reinterpret_cast<VU*>(p) = v;
}
inline V splat(float x) {
#if SIMD_WIDTH == 16
  return _mm512_set1_ps(x);
#elif SIMD_WIDTH == 8
  return _mm256_set1_ps(x);
#else
  return _mm_set1_ps(x);
#endif
}

/// The first n < W elements; the others are 0 and their memory is not touched.
inline V load_part(const float* p, ptrdiff_t n) {
#if SIMD_WIDTH == 16
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), p);
#else
  V v{};
  for (ptrdiff_t i = 0; i < n; ++i) v[i] = p[i];
  return v;
#endif
}
inline void store_part(float* p, V v, ptrdiff_t n) {
#if SIMD_WIDTH == 16
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << n) - 1), v);
#else
  for (ptrdiff_t i = 0; i < n; ++i) p[i] = v[i];
#endif
}
/// As load_part, with `rest` in place of the missing elements.
inline V load_part_or(const float* p, ptrdiff_t n, float rest) {
  V v = load_part(p, n);
  for (ptrdiff_t i = n; i < W; ++i) v[i] = rest;
  return v;
}
/// The vector at p, of which n are there (n may be W or more).
inline V load_n(const float* p, ptrdiff_t n) {
  return n >= W ? load(p) : load_part(p, n);
}
inline void store_n(float* p, V v, ptrdiff_t n) {
  n >= W ? store(p, v) : store_part(p, v, n);
}

/// a b + c: one rounding where the set has it, two on SSE2.
inline V fma(V a, V b, V c) {
#if SIMD_WIDTH == 16
  return _mm512_fmadd_ps(a, b, c);
#elif SIMD_WIDTH == 8
  return _mm256_fmadd_ps(a, b, c);
#else
  return a * b + c;
#endif
}
/// What one lane of a product's operands holds: a number, or (Pairs) two neighbouring bf16 numbers of the inner sum, the first in
/// the low half, in a float's place; V moves them about unchanged.
struct Numbers {
  static V multiply_add(V a, V b, V c) { return fma(a, b, c); }
};
#if defined(__AVX512BF16__)
struct Pairs {
  static V multiply_add(V a, V b, V c) {
    return reinterpret_cast<V>(_mm512_dpbf16_ps(c, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b)));
  }
};
/// Columns (first l, second l) rounded to nearest even.
inline V pairs(V first, V second) {
  const __m512i halves = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(second, first));
  const __m512i zip = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19,
                                       3, 18, 2, 17, 1, 16, 0);
  return reinterpret_cast<V>(_mm512_permutexvar_epi16(zip, halves));
}
/// The 2 W numbers low, high, rounded to nearest even, neighbours paired.
inline V neighbours(V low, V high) {
  return reinterpret_cast<V>(_mm512_cvtne2ps_pbh(high, low));
}
#endif

/// The larger, the smaller; b where one of the two is a NaN.
inline V max(V a, V b) {
#if SIMD_WIDTH == 16
  return _mm512_maskz_max_ps(0xffff, a, b);
#elif SIMD_WIDTH == 8
  return _mm256_max_ps(a, b);
#else
  return _mm_max_ps(a, b);
#endif
}
inline V min(V a, V b) {
#if SIMD_WIDTH == 16
  return _mm512_maskz_min_ps(0xffff, a, b);
#elif SIMD_WIDTH == 8
  return _mm256_min_ps(a, b);
#else
  return _mm_min_ps(a, b);
#endif
}
inline V sqrt(V a) {
#if SIMD_WIDTH == 16
  return _mm512_maskz_sqrt_ps(0xffff, a);  // g++ 12 warns about the plain one
#elif SIMD_WIDTH == 8
  return _mm256_sqrt_ps(a);
#else
  return _mm_sqrt_ps(a);
#endif
}

/// Element i takes the place of element i - by, around the end.
template <int by>
inline V rotated(V v) {
  I from{};
  for (int i = 0; i < W; ++i) from[i] = (i + by) % W;
  return __builtin_shuffle(v, from);
}
/// Sum of the elements, by halves: (x_0 + x_W/2), ..., then again.
template <int half = W / 2>
inline float sum(V v) {
  v += rotated<half>(v);
  if constexpr (half > 1)
    return sum<half / 2>(v);
  else
    return v[0];
}
/// sum x y over n elements.
inline float dot(const float* x, const float* y, ptrdiff_t n) {
  V s{};
  for (ptrdiff_t i = 0; i < n; i += W) s = fma(load_n(x + i, n - i), load_n(y + i, n - i), s);
  return sum(s);
}

template <int half = W / 2>
inline float max(V v) {
  v = max(v, rotated<half>(v));
  if constexpr (half > 1)
    return max<half / 2>(v);
  else
    return v[0];
}

/// 1.5 * 2^23: adding it rounds to an integer, which then stands in the last bits.
constexpr float rounder = 12582912.0f;

/// The end of exp: p 2^n with n = shifted - rounder; 0 for x below -87.33, inf above 88.72, NaN for NaN.
inline V times_power(V p, V shifted, V x) {
#if SIMD_WIDTH == 16
  return _mm512_maskz_scalef_ps(_mm512_cmp_ps_mask(x, splat(-87.33f), _CMP_NLT_UQ), p, shifted - rounder);
#else
  // n is added to the exponent.  (n = 128 only where p < 1, n = -126 only where p >= 1: no wrap.)
  const V y =
      reinterpret_cast<V>(reinterpret_cast<I>(p) + ((reinterpret_cast<I>(shifted) - reinterpret_cast<I>(splat(rounder))) << 23));
  const V low = x < -87.33f ? V{} : y;
  const V high = x > 88.722839f ? splat(__builtin_inff()) : low;
  return x == x ? high : x;
#endif
}
/// e^x within 1.1 units in the last place (measured: 1.07); below -87.33 the result is 0, above 88.72 it is inf, NaN stays NaN.
/// x = n ln 2 + r with |r| <= ln 2 / 2; e^r = 1 + r + r^2 p(r), p of degree 4 through (e^r - 1 - r) / r^2 at five Chebyshev nodes
/// (error 1.1e-8).
inline V exp(V x) {
  V t = min(splat(88.8f), max(splat(-87.33f), x));  // in this order a NaN stays one
  const V shifted = fma(t, splat(1.44269504f), splat(rounder)), n = shifted - rounder;
  t = fma(n, splat(-0.693359375f), t);  // ln 2 in two parts, the first short enough for an exact product
  t = fma(n, splat(2.12194440e-4f), t);
  V p = splat(1.39263256e-3f);
  p = fma(p, t, splat(8.36329275e-3f));
  p = fma(p, t, splat(4.16665538e-2f));
  p = fma(p, t, splat(1.66665763e-1f));
  p = fma(p, t, splat(0.5f));
  p = fma(p * t, t, t) + 1.0f;
  return times_power(p, shifted, x);
}
/// 1 / (1 + e^-x)
inline V sigmoid(V x) {
  return 1.0f / (1.0f + exp(-x));
}

}  // namespace separatrix::SIMD_SET
