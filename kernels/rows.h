// A float matrix in somebody else's buffer: its first element and the distance from row to row.
// Always inline: kernel texts compiled for one instruction set must not share a copy with the rest (simd.h); constexpr: device code
// calls them too.
#pragma once
#include <cstddef>

namespace separatrix {

template <class T>
struct Rows {
  T* data = nullptr;
  std::ptrdiff_t stride = 0;  // in elements; at least the row's length
  [[gnu::always_inline]] constexpr T* row(std::ptrdiff_t i) const { return data + i * stride; }
  [[gnu::always_inline]] constexpr operator Rows<const T>() const { return {data, stride}; }
};

/// The rows from `first` on; what is not there stays nowhere.
template <class T>
[[gnu::always_inline]] constexpr Rows<T> from_row(Rows<T> x, std::ptrdiff_t first) {
  return x.data ? Rows<T>{x.row(first), x.stride} : x;
}

/// The distance from row to row of a matrix of `cols` numbers that products and transpositions go down: an odd number of cache
/// lines, for rows a power of two apart fall into the same few sets of a cache and push each other out (matmul/notes.md).  Rows
/// shorter than a cache line stay as they are.
template <class T>
constexpr std::ptrdiff_t row_stride(std::ptrdiff_t cols) {
  constexpr std::ptrdiff_t line = 64 / sizeof(T);
  return cols < line ? cols : ((cols + line - 1) / line | 1) * line;
}

}  // namespace separatrix
