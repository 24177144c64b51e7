// Compiled for AVX512_BF16 and called only there; so nothing here may instantiate a std:: template (simd.h says why).
#include <immintrin.h>

#include "kernels/matmul/bf16.h"

namespace separatrix {

void to_bf16(std::ptrdiff_t n, const float* x, std::uint16_t* out) {
  std::ptrdiff_t i = 0;
  for (; i + 32 <= n; i += 32) {
    const __m512bh y = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + i + 16), _mm512_loadu_ps(x + i));
    _mm512_storeu_si512(out + i, (__m512i)y);
  }
  for (; i < n; i += 16) {
    const __mmask16 here = n - i >= 16 ? 0xffff : static_cast<__mmask16>((1u << (n - i)) - 1);
    const __m256bh y = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(here, x + i));
    _mm256_mask_storeu_epi16(out + i, here, (__m256i)y);
  }
}

void to_bf16(std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const float> x, std::uint16_t* out) {
#pragma omp parallel for schedule(static) if (rows * cols > 4096)
  for (std::ptrdiff_t i = 0; i < rows; ++i) to_bf16(cols, x.row(i), out + i * cols);
}

}  // namespace separatrix
