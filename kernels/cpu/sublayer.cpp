#include "kernels/cpu/sublayer.h"

#include <algorithm>

namespace separatrix {

void gather(const BatchShape& shape, std::ptrdiff_t cols, Rows<const float> x, Rows<float> y) {
  const std::ptrdiff_t n = shape.outputs();
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < n; ++i) std::copy_n(x.row(shape.wanted ? (*shape.wanted)[i] : i), cols, y.row(i));
}

void scatter(const BatchShape& shape, std::ptrdiff_t cols, Rows<const float> y, Rows<float> x) {
  if (shape.wanted) {
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < shape.tokens(); ++i) std::fill_n(x.row(i), cols, 0.0f);
  }
  for (std::ptrdiff_t i = 0; i < shape.outputs(); ++i) std::copy_n(y.row(i), cols, x.row(shape.wanted ? (*shape.wanted)[i] : i));
}

}  // namespace separatrix
