// Transpose of a matrix in squares of W x W held in registers: log2(W) rounds of exchanges.
// Included only by kernel texts (kernels/simd.h says why).
#pragma once
#include "kernels/simd.h"

namespace separatrix::SIMD_SET {

/// Round `step` exchanges the off-diagonal blocks of size `step` of each 2 step x 2 step block.
template <int step>
inline void exchange(V (&r)[W]) {
  I low{}, high{};
#pragma GCC unroll 16
  for (int l = 0; l < W; ++l) {
    low[l] = l & step ? W + l - step : l;
    high[l] = l & step ? W + l : l + step;
  }
#pragma GCC unroll 16
  for (int i = 0; i < W; ++i) {
    if (i & step) continue;
    const V a = r[i], b = r[i + step];
    r[i] = __builtin_shuffle(a, b, low);
    r[i + step] = __builtin_shuffle(a, b, high);
  }
  if constexpr (2 * step < W) exchange<2 * step>(r);
}

/// out (cols, rows) = x (rows, cols) transposed.  Both are padded: x has padded(cols) columns, of which the surplus ones are not
/// written; out has padded(rows) columns, the surplus ones become 0.
inline void transpose(ptrdiff_t rows, ptrdiff_t cols, const float* x, ptrdiff_t x_row, float* out, ptrdiff_t out_row) {
  for (ptrdiff_t i = 0; i < rows; i += W) {
    for (ptrdiff_t j = 0; j < cols; j += W) {
      V r[W];
#pragma GCC unroll 16
      for (int m = 0; m < W; ++m) r[m] = i + m < rows ? load(x + (i + m) * x_row + j) : V{};
      exchange<1>(r);
      const ptrdiff_t here = cols - j < W ? cols - j : W;
#pragma GCC unroll 16
      for (int m = 0; m < W; ++m)
        if (m < here) store(out + (j + m) * out_row + i, r[m]);
    }
  }
}

}  // namespace separatrix::SIMD_SET
