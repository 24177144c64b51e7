// bf16 copies of float matrices and their products with fp32 sums (only where isa() is avx512_bf16).
#pragma once
#include <cstdint>

#include "kernels/aligned.h"
#include "kernels/rows.h"

namespace separatrix {

/// out (n) = x (n) rounded to nearest even.
void to_bf16(std::ptrdiff_t n, const float* x, std::uint16_t* out);
/// out (rows, cols) without gaps = x rounded to nearest even.
void to_bf16(std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const float> x, std::uint16_t* out);

/// Everything oneDNN prepares a product for.
struct Bf16Product {
  std::ptrdiff_t m, n, k, a_stride, b_stride, c_stride;  // b_stride 0: b is packed
  bool transpose_a, transpose_b, accumulate;
  int threads;  // filled in by matmul_bf16
  auto operator<=>(const Bf16Product&) const = default;
};

/// C (m, n) = A B or += ; a is (m, k) or, transposed, (k, m); b is (k, n) or, transposed, (n, k), or what pack_bf16 made of it.
void matmul_bf16(Bf16Product product, const std::uint16_t* a, const std::uint16_t* b, float* c);

/// B (k, n) in oneDNN's own order, rounded to nearest even; b is (k, n) or, transposed, (n, k).
void pack_bf16(std::ptrdiff_t k, std::ptrdiff_t n, Rows<const float> b, bool transpose_b, AlignedVector<std::uint16_t>& packed);

}  // namespace separatrix
