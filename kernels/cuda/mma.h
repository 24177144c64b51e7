// Tensor-core products of a warp, sums fp32: D (16, 8) += A (16, 8) B (8, 8) with operands tf32 (10 bits after the point), and
// D (16, 8) += A (16, 16) B (16, 8) with operands bf16 or fp16.  Fragments as in the PTX manual, with g = lane / 4, t = lane % 4;
// tf32:
//   a = A(g, t), A(g + 8, t), A(g, t + 4), A(g + 8, t + 4)      b = B(t, g), B(t + 4, g)
//   d = D(g, 2 t), D(g, 2 t + 1), D(g + 8, 2 t), D(g + 8, 2 t + 1)
// bf16 and fp16, two to a register (k and k + 1, the first one in the lower half):
//   a = A(g, 2 t), A(g + 8, 2 t), A(g, 2 t + 8), A(g + 8, 2 t + 8)      b = B(2 t, g), B(2 t + 8, g)      d as above
// The order and rounding of the additions is the hardware's own; measured, sums are cut off towards zero (Fasi et al. 2021), so the
// emulation cuts off too, once for every product of fragments.
// These fragments come from shared memory by load_matrices (ldmatrix).
#pragma once
#include <type_traits>

#include "kernels/cuda/fp16.h"
#include "kernels/cuda/simt.h"

namespace separatrix::SIMT {

/// x rounded to tf32 (to nearest, ties away), as the bits of a float whose last 13 are zero.
__device__ inline std::uint32_t to_tf32(float x) {
  std::uint32_t bits;
#ifdef SEPARATRIX_EMULATED
  std::memcpy(&bits, &x, sizeof bits);
  bits = (bits + 0x1000) & 0xFFFFE000;
#else
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
#endif
  return bits;
}

__device__ inline float float_of(std::uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/// x and y rounded to bf16 (to nearest, ties to even), x in the lower half.
__device__ inline std::uint32_t to_bf16_pair(float x, float y) {
#ifdef SEPARATRIX_EMULATED
  return from_float<bf16>(x).bits | static_cast<std::uint32_t>(from_float<bf16>(y).bits) << 16;
#else
  std::uint32_t bits;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(y), "f"(x));
  return bits;
#endif
}

/// x and y rounded to fp16 (to nearest, ties to even), x in the lower half.
__device__ inline std::uint32_t to_fp16_pair(float x, float y) {
#ifdef SEPARATRIX_EMULATED
  return from_float<fp16>(x).bits | static_cast<std::uint32_t>(from_float<fp16>(y).bits) << 16;
#else
  std::uint32_t bits;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(y), "f"(x));
  return bits;
#endif
}

/// x and y rounded to E, bf16 or fp16.
template <class E>
__device__ inline std::uint32_t to_pair(float x, float y) {
  if constexpr (std::is_same_v<E, bf16>)
    return to_bf16_pair(x, y);
  else
    return to_fp16_pair(x, y);
}
/// Number `which` (0: the lower half) of a pair.
template <class E>
__device__ inline float of_pair(std::uint32_t pair, int which) {
  return to_float(E{static_cast<std::uint16_t>(which == 0 ? pair : pair >> 16)});
}

#ifdef SEPARATRIX_EMULATED
/// The float next to x towards zero.
inline float cut_off(double x) {
  const float y = static_cast<float>(x);
  return std::fabs(y) > std::fabs(x) ? std::nextafter(y, 0.0f) : y;
}

struct MmaFragments {
  std::uint32_t a[4], b[2];
};
/// The fragments of all lanes.
inline void exchange_fragments(const std::uint32_t (&a)[4], const std::uint32_t (&b)[2], MmaFragments (&of)[32]) {
  const MmaFragments mine{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}};
  static_assert(sizeof mine <= exchange_bytes);
  unsigned char* places = next_exchange();
  std::memcpy(places + lane() * exchange_bytes, &mine, sizeof mine);
  warp_barrier();
  for (int l = 0; l < 32; ++l) std::memcpy(&of[l], places + l * exchange_bytes, sizeof mine);
}
#endif

__device__ inline void mma_tf32(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
#ifdef SEPARATRIX_EMULATED
  MmaFragments of[32];
  exchange_fragments(a, b, of);
  const auto operand = [](std::uint32_t bits) { return float_of(bits & 0xFFFFE000); };
  for (int e = 0; e < 4; ++e) {
    const int row = lane() / 4 + e / 2 * 8, col = lane() % 4 * 2 + e % 2;
    double sum = d[e];
    for (int k = 0; k < 8; ++k)
      sum += static_cast<double>(operand(of[row % 8 * 4 + k % 4].a[row / 8 + k / 4 * 2])) * operand(of[col * 4 + k % 4].b[k / 4]);
    d[e] = cut_off(sum);
  }
#else
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

#ifdef SEPARATRIX_EMULATED
/// Operands of 16 bits.
template <class E>
void mma_pairs(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  MmaFragments of[32];
  exchange_fragments(a, b, of);
  float left[2][16], right[2][16];  // rows g and g + 8, columns 2 t and 2 t + 1
  for (int k = 0; k < 16; ++k)
    for (int e = 0; e < 2; ++e) {
      left[e][k] = of_pair<E>(of[lane() / 4 * 4 + k % 8 / 2].a[e + k / 8 * 2], k % 2);
      right[e][k] = of_pair<E>(of[(lane() % 4 * 2 + e) * 4 + k % 8 / 2].b[k / 8], k % 2);
    }
  for (int e = 0; e < 4; ++e) {
    double sum = d[e];
    for (int k = 0; k < 16; ++k) sum += static_cast<double>(left[e / 2][k]) * right[e % 2][k];
    d[e] = cut_off(sum);
  }
}
#endif

__device__ inline void mma_bf16(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
#ifdef SEPARATRIX_EMULATED
  mma_pairs<bf16>(d, a, b);
#else
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

__device__ inline void mma_fp16(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
#ifdef SEPARATRIX_EMULATED
  mma_pairs<fp16>(d, a, b);
#else
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

template <class E>
__device__ inline void mma(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  if constexpr (std::is_same_v<E, bf16>)
    mma_bf16(d, a, b);
  else
    mma_fp16(d, a, b);
}

/// Four 8 x 8 matrices of bf16 or fp16 in shared memory: lane l says where row l % 8 of matrix l / 8 begins (16 bytes, aligned).
/// d[i] is a pair of matrix i: (g, 2 t) and (g, 2 t + 1); transposed: (2 t, g) and (2 t + 1, g).
template <bool transposed, class E>
__device__ inline void load_matrices(std::uint32_t (&d)[4], const E* row) {
#ifdef SEPARATRIX_EMULATED
  const E* rows[32];
  unsigned char* places = next_exchange();
  std::memcpy(places + lane() * exchange_bytes, &row, sizeof row);
  warp_barrier();
  for (int l = 0; l < 32; ++l) std::memcpy(&rows[l], places + l * exchange_bytes, sizeof row);
  const int g = lane() / 4, t = lane() % 4;
  for (int i = 0; i < 4; ++i) {
    const auto element = [&](int r, int c) -> std::uint32_t { return (transposed ? rows[8 * i + c][r] : rows[8 * i + r][c]).bits; };
    d[i] = element(g, 2 * t) | element(g, 2 * t + 1) << 16;
  }
#else
  const auto at = static_cast<unsigned>(__cvta_generic_to_shared(row));
  if constexpr (transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
                 : "r"(at)
                 : "memory");
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
                 : "r"(at)
                 : "memory");
#endif
}

/// The other way (stmatrix, compute capability 9.0; below, by single elements): d[i] to matrix i, transposed: the lane's pair is
/// (2 t, g) and (2 t + 1, g) of it.
template <class E>
__device__ inline void store_transposed(const std::uint32_t (&d)[4], E* row) {
#if defined(SEPARATRIX_EMULATED)
  E* rows[32];
  unsigned char* places = next_exchange();
  std::memcpy(places + lane() * exchange_bytes, &row, sizeof row);
  warp_barrier();
  for (int l = 0; l < 32; ++l) std::memcpy(&rows[l], places + l * exchange_bytes, sizeof row);
  const int g = lane() / 4, t = lane() % 4;
  for (int i = 0; i < 4; ++i)
    for (int e = 0; e < 2; ++e) rows[8 * i + 2 * t + e][g] = E{static_cast<std::uint16_t>(d[i] >> 16 * e)};
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 900
  const int lane = threadIdx.x % warp_size, g = lane / 4, t = lane % 4;
  const auto at = reinterpret_cast<unsigned long long>(row);
  for (int i = 0; i < 4; ++i)
    for (int e = 0; e < 2; ++e) {
      E* const to = reinterpret_cast<E*>(__shfl_sync(0xffffffffu, at, 8 * i + 2 * t + e));
      to[g] = E{static_cast<std::uint16_t>(d[i] >> 16 * e)};
    }
#else
  asm volatile("stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(
                   static_cast<unsigned>(__cvta_generic_to_shared(row))),
               "r"(d[0]), "r"(d[1]), "r"(d[2]), "r"(d[3])
               : "memory");
#endif
}

}  // namespace separatrix::SIMT
