// Products and solves with a lower triangular matrix, in register tiles; half of the square's work.
// Included only by kernel texts (kernels/simd.h says why).
#pragma once
#include "kernels/tile.h"

namespace separatrix::SIMD_SET {

template <int R>
struct TileRows {
  static constexpr int count = R;
};

/// Cuts rows [from, rows) into tiles of TILE_ROWS, then 8, 4, 2, 1, and calls f(TileRows<R>{}, first row).
template <class F>
inline void for_tiles(ptrdiff_t from, ptrdiff_t rows, F f) {
  ptrdiff_t i = from;
  for (; i + TILE_ROWS <= rows; i += TILE_ROWS) f(TileRows<TILE_ROWS>{}, i);
  if constexpr (TILE_ROWS > 8)
    for (; i + 8 <= rows; i += 8) f(TileRows<8>{}, i);
  for (; i + 4 <= rows; i += 4) f(TileRows<4>{}, i);
  for (; i + 2 <= rows; i += 2) f(TileRows<2>{}, i);
  for (; i < rows; ++i) f(TileRows<1>{}, i);
}

/// Lower triangle of C (n, n) = A (n, inner) B (inner, n); what lies above it is unspecified.  b_row, c_row: whole vectors.
inline void product_to_lower(ptrdiff_t n, ptrdiff_t inner, const float* a, ptrdiff_t a_row, const float* b, ptrdiff_t b_row,
                             float* c, ptrdiff_t c_row) {
  const ptrdiff_t cols = padded(n);
  for (ptrdiff_t j = 0; j < cols; j += PANEL) {
    for_tiles(j / TILE_ROWS * TILE_ROWS, n, [&](auto rows, ptrdiff_t i) {
      constexpr int R = decltype(rows)::count;
      if (j + PANEL <= cols && i + R > j + W)
        tile<R, 2, false>(inner, a + i * a_row, a_row, 1, b + j, b_row, c + i * c_row + j, c_row);
      else
        tile<R, 1, false>(inner, a + i * a_row, a_row, 1, b + j, b_row, c + i * c_row + j, c_row);
    });
  }
}

/// Column panels of two vectors, then one: f(TileCols<N>{}, first column).
template <class F>
inline void for_panels(ptrdiff_t cols, F f) {
  ptrdiff_t j = 0;
  for (; j + PANEL <= cols; j += PANEL) f(TileRows<2>{}, j);
  if (j < cols) f(TileRows<1>{}, j);
}

/// C (n, cols) = A B or += A B with A (n, n) lower triangular; the tiles on the diagonal of A hold zeros above it.
template <bool accumulate>
inline void lower_product(ptrdiff_t n, ptrdiff_t cols, const float* a, ptrdiff_t a_row, const float* b, ptrdiff_t b_row, float* c,
                          ptrdiff_t c_row) {
  for_panels(cols, [&](auto vectors, ptrdiff_t j) {
    for_tiles(0, n, [&](auto rows, ptrdiff_t i) {
      constexpr int R = decltype(rows)::count, N = decltype(vectors)::count;
      tile<R, N, accumulate>(i + R, a + i * a_row, a_row, 1, b + j, b_row, c + i * c_row + j, c_row);
    });
  });
}

/// C (n, cols) = A^T B or += A^T B with the same A.
template <bool accumulate>
inline void lower_transposed_product(ptrdiff_t n, ptrdiff_t cols, const float* a, ptrdiff_t a_row, const float* b, ptrdiff_t b_row,
                                     float* c, ptrdiff_t c_row) {
  for_panels(cols, [&](auto vectors, ptrdiff_t j) {
    for_tiles(0, n, [&](auto rows, ptrdiff_t i) {
      constexpr int R = decltype(rows)::count, N = decltype(vectors)::count;
      tile<R, N, accumulate>(n - i, a + i * a_row + i, 1, a_row, b + i * b_row + j, b_row, c + i * c_row + j, c_row);
    });
  });
}

/// One tile of substitution: X_i += sum_j l(i, j) X_j over `inner` solved rows from y on, then the tile's own triangle.
/// l(i, j) is at l[i * l_row + j * l_inner]; `diagonal` is the tile's own square; rows of the tile go down (step 1) or up.
template <int R, int N, bool upwards>
inline void solve_tile(ptrdiff_t inner, const float* l, ptrdiff_t l_row, ptrdiff_t l_inner, const float* diagonal, const float* y,
                       float* x, ptrdiff_t x_row) {
  V sum[R][N];
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 16
    for (int j = 0; j < N; ++j) sum[i][j] = load(x + i * x_row + j * W);
  for (ptrdiff_t m = 0; m < inner; ++m) {
    V row[N];
#pragma GCC unroll 16
    for (int j = 0; j < N; ++j) row[j] = load(y + m * x_row + j * W);
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i) {
      const V factor = splat(l[i * l_row + m * l_inner]);
#pragma GCC unroll 16
      for (int j = 0; j < N; ++j) sum[i][j] = fma(factor, row[j], sum[i][j]);
    }
  }
#pragma GCC unroll 16
  for (int step = 0; step < R; ++step) {
    const int from = upwards ? R - 1 - step : step;
#pragma GCC unroll 16
    for (int later = step + 1; later < R; ++later) {
      const int to = upwards ? R - 1 - later : later;
      const V factor = splat(diagonal[to * l_row + from * l_inner]);
#pragma GCC unroll 16
      for (int j = 0; j < N; ++j) sum[to][j] = fma(factor, sum[from][j], sum[to][j]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 16
    for (int j = 0; j < N; ++j) store(x + i * x_row + j * W, sum[i][j]);
}

/// X <- (I - L)^{-1} X, L (n, n) strictly lower triangular, by forward substitution: no inverse and no powers of L are formed,
/// so that few distinct keys with beta near 2 do no harm.
inline void solve_lower(ptrdiff_t n, ptrdiff_t cols, const float* l, ptrdiff_t l_row, float* x, ptrdiff_t x_row) {
  for_panels(cols, [&](auto vectors, ptrdiff_t j) {
    for_tiles(0, n, [&](auto rows, ptrdiff_t i) {
      constexpr int R = decltype(rows)::count, N = decltype(vectors)::count;
      solve_tile<R, N, false>(i, l + i * l_row, l_row, 1, l + i * l_row + i, x + j, x + i * x_row + j, x_row);
    });
  });
}

/// X <- (I - L)^{-T} X by backward substitution.
inline void solve_lower_transposed(ptrdiff_t n, ptrdiff_t cols, const float* l, ptrdiff_t l_row, float* x, ptrdiff_t x_row) {
  for_panels(cols, [&](auto vectors, ptrdiff_t j) {
    for_tiles(0, n, [&](auto rows, ptrdiff_t first) {
      constexpr int R = decltype(rows)::count, N = decltype(vectors)::count;
      const ptrdiff_t i = n - first - R, below = first;  // tiles from the last row upwards
      solve_tile<R, N, true>(below, l + (i + R) * l_row + i, 1, l_row, l + i * l_row + i, x + (i + R) * x_row + j,
                             x + i * x_row + j, x_row);
    });
  });
}

}  // namespace separatrix::SIMD_SET
