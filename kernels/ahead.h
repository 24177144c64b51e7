// Memory asked for ahead of its use: the hardware foresees neighbours within a page, not the next row of a part of a wide matrix.
// Requests that come all at once wait for each other, so they are spread out over the work: with every vector, the one of a later
// row.  Included only by kernel texts (simd.h says why).
#pragma once
#include "kernels/rows.h"
#include "kernels/simd.h"

namespace separatrix::SIMD_SET {

/// Asks for the cache line `ahead` floats behind p; nothing happens where no memory is.
template <bool write>
inline void ask(const float* p, ptrdiff_t ahead) {
  __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(p) + ahead * sizeof(float)), write, 2);
}

/// Asks for the first `dim` elements of rows [first, first + n).
template <bool write, class T>
inline void prefetch_rows(ptrdiff_t n, ptrdiff_t dim, Rows<T> rows, ptrdiff_t first) {
  constexpr ptrdiff_t line = 16;
  for (ptrdiff_t i = 0; i < n; ++i)
    for (ptrdiff_t j = 0; j < dim; j += line) __builtin_prefetch(rows.row(first + i) + j, write, 2);
}

}  // namespace separatrix::SIMD_SET
