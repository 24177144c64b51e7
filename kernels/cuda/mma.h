// One tensor-core product of a warp, D (16, 8) += A (16, 8) B (8, 8): operands tf32 (10 bits after the point), sums fp32.
// Fragments as in the PTX manual, mma.m16n8k8, with g = lane / 4, t = lane % 4:
//   a = A(g, t), A(g + 8, t), A(g, t + 4), A(g + 8, t + 4)      b = B(t, g), B(t + 4, g)
//   d = D(g, 2 t), D(g, 2 t + 1), D(g + 8, 2 t), D(g + 8, 2 t + 1)
// The emulation adds in the order of the inner index, each step rounded to fp32; the hardware adds in an order of its own.
#pragma once
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

__device__ inline void mma_tf32(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
#ifdef SEPARATRIX_EMULATED
  struct Fragments {
    std::uint32_t a[4], b[2];
  } mine{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}}, of[32];
  static_assert(sizeof(Fragments) <= exchange_bytes);
  unsigned char* places = next_exchange();
  std::memcpy(places + lane() * exchange_bytes, &mine, sizeof mine);
  warp_barrier();
  for (int l = 0; l < 32; ++l) std::memcpy(&of[l], places + l * exchange_bytes, sizeof mine);
  const auto operand = [](std::uint32_t bits) { return float_of(bits & 0xFFFFE000); };
  for (int e = 0; e < 4; ++e) {
    const int row = lane() / 4 + e / 2 * 8, col = lane() % 4 * 2 + e % 2;
    for (int k = 0; k < 8; ++k)
      d[e] += operand(of[row % 8 * 4 + k % 4].a[row / 8 + k / 4 * 2]) * operand(of[col * 4 + k % 4].b[k / 4]);
  }
#else
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

}  // namespace separatrix::SIMT
