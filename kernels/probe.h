// simd.h and tile.h as plain functions, so that tests can check them alone on every instruction set.
#pragma once
#include <cstddef>

namespace separatrix {

struct Probe {
  int width;  // floats per vector
  /// y (n) = e^x, or 1 / (1 + e^-x)
  void (*exp)(std::ptrdiff_t n, const float* x, float* y);
  void (*sigmoid)(std::ptrdiff_t n, const float* x, float* y);
  /// C (rows, cols) = A B or += : A's element (i, l) is a[i * a_row + l * a_inner], cols a multiple of width.
  void (*product)(bool accumulate, std::ptrdiff_t rows, std::ptrdiff_t cols, std::ptrdiff_t inner, const float* a,
                  std::ptrdiff_t a_row, std::ptrdiff_t a_inner, const float* b, std::ptrdiff_t b_row, float* c,
                  std::ptrdiff_t c_row);
};

namespace sse2 {
extern const Probe probe;
}
namespace avx2 {
extern const Probe probe;
}
namespace avx512 {
extern const Probe probe;
}

}  // namespace separatrix
