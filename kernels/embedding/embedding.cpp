#include "kernels/embedding/embedding.h"

#include <algorithm>

#include "tasks/error.h"

namespace separatrix {

void embedding_forward(std::ptrdiff_t count, std::ptrdiff_t vocab, std::ptrdiff_t width, const std::int32_t* tokens,
                       const float* table, Rows<float> x, bool accumulate) {
  for (std::ptrdiff_t i = 0; i < count; ++i)
    if (tokens[i] < 0 || tokens[i] >= vocab) fail("embedding: token {} at {} is not one of the {} rows", tokens[i], i, vocab);
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const float* from = table + tokens[i] * width;
    float* to = x.row(i);
    if (accumulate)
      for (std::ptrdiff_t j = 0; j < width; ++j) to[j] += from[j];
    else
      std::copy_n(from, width, to);
  }
}

void embedding_backward(std::ptrdiff_t count, std::ptrdiff_t width, const std::int32_t* tokens, Rows<const float> dx,
                        float* dtable) {
  constexpr std::ptrdiff_t columns = 16;  // a cache line of floats
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t first = 0; first < width; first += columns) {
    const std::ptrdiff_t here = std::min(columns, width - first);
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      const float* from = dx.row(i) + first;
      float* to = dtable + tokens[i] * width + first;
      for (std::ptrdiff_t j = 0; j < here; ++j) to[j] += from[j];
    }
  }
}

}  // namespace separatrix
