// Small dense products inside kernels: C = A B or C += A B, with C held in registers over the whole inner sum.
// A is read one element at a time, so any strides serve (also transposes); B and C are read by whole vectors.  An element of A and
// B is a number or a pair of bf16 numbers (Lane; simd.h); then `inner` counts pairs.
// Included only by kernel texts (simd.h says why).
#pragma once
#include "kernels/simd.h"

namespace separatrix::SIMD_SET {

// Registers: TILE_ROWS * 2 accumulators, 2 vectors of B, 1 broadcast of A, of the set's 32 or 16.
constexpr int TILE_ROWS = W == 16 ? 12 : 6;
constexpr int PANEL = 2 * W;

/// One tile: C (R, N * W) over `inner`.
template <int R, int N, bool accumulate, class Lane = Numbers>
inline void tile(ptrdiff_t inner, const float* a, ptrdiff_t a_row, ptrdiff_t a_inner, const float* b, ptrdiff_t b_row, float* c,
                 ptrdiff_t c_row) {
  V sum[R][N];
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 16
    for (int j = 0; j < N; ++j) sum[i][j] = accumulate ? load(c + i * c_row + j * W) : V{};
  for (ptrdiff_t l = 0; l < inner; ++l) {
    V row[N];
#pragma GCC unroll 16
    for (int j = 0; j < N; ++j) row[j] = load(b + l * b_row + j * W);
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i) {
      const V x = splat(a[i * a_row + l * a_inner]);
#pragma GCC unroll 16
      for (int j = 0; j < N; ++j) sum[i][j] = Lane::multiply_add(x, row[j], sum[i][j]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 16
    for (int j = 0; j < N; ++j) store(c + i * c_row + j * W, sum[i][j]);
}

/// One or two vectors of columns, any number of rows.
template <int N, bool accumulate, class Lane = Numbers>
inline void tile_rows(ptrdiff_t rows, ptrdiff_t inner, const float* a, ptrdiff_t a_row, ptrdiff_t a_inner, const float* b,
                      ptrdiff_t b_row, float* c, ptrdiff_t c_row) {
  ptrdiff_t i = 0;
  for (; i + TILE_ROWS <= rows; i += TILE_ROWS)
    tile<TILE_ROWS, N, accumulate, Lane>(inner, a + i * a_row, a_row, a_inner, b, b_row, c + i * c_row, c_row);
  if constexpr (TILE_ROWS > 8)
    for (; i + 8 <= rows; i += 8)
      tile<8, N, accumulate, Lane>(inner, a + i * a_row, a_row, a_inner, b, b_row, c + i * c_row, c_row);
  for (; i + 4 <= rows; i += 4) tile<4, N, accumulate, Lane>(inner, a + i * a_row, a_row, a_inner, b, b_row, c + i * c_row, c_row);
  for (; i + 2 <= rows; i += 2) tile<2, N, accumulate, Lane>(inner, a + i * a_row, a_row, a_inner, b, b_row, c + i * c_row, c_row);
  for (; i < rows; ++i) tile<1, N, accumulate, Lane>(inner, a + i * a_row, a_row, a_inner, b, b_row, c + i * c_row, c_row);
}

/// C (rows, cols) = A (rows, inner) B (inner, cols), or += ; A's element (i, l) is a[i * a_row + l * a_inner];
/// cols is a multiple of W, B and C rows are that long (pad with zeros).
template <bool accumulate, class Lane = Numbers>
inline void product(ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t inner, const float* a, ptrdiff_t a_row, ptrdiff_t a_inner,
                    const float* b, ptrdiff_t b_row, float* c, ptrdiff_t c_row) {
  ptrdiff_t j = 0;
  for (; j + PANEL <= cols; j += PANEL) tile_rows<2, accumulate, Lane>(rows, inner, a, a_row, a_inner, b + j, b_row, c + j, c_row);
  if (j < cols) tile_rows<1, accumulate, Lane>(rows, inner, a, a_row, a_inner, b + j, b_row, c + j, c_row);
}

/// The transpose of x (rows, cols) as panels of PANEL columns, each (cols, PANEL) in one piece, so that a long row makes no
/// power-of-two stride: element (c, r) at out[r / PANEL * cols * PANEL + c * PANEL + r % PANEL]; missing columns are 0.
inline void transpose_to_panels(ptrdiff_t rows, ptrdiff_t cols, const float* x, ptrdiff_t x_row, float* out) {
  for (ptrdiff_t r0 = 0; r0 < rows; r0 += PANEL, out += cols * PANEL) {
    const ptrdiff_t here = rows - r0 < PANEL ? rows - r0 : PANEL;
    for (ptrdiff_t c = 0; c < cols; ++c) {
      for (ptrdiff_t r = 0; r < here; ++r) out[c * PANEL + r] = x[(r0 + r) * x_row + c];
      for (ptrdiff_t r = here; r < PANEL; ++r) out[c * PANEL + r] = 0;
    }
  }
}
constexpr ptrdiff_t panels_size(ptrdiff_t rows, ptrdiff_t cols) {
  return (rows + PANEL - 1) / PANEL * PANEL * cols;
}

}  // namespace separatrix::SIMD_SET
