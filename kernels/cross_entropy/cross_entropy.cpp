#include "kernels/cross_entropy/cross_entropy.h"

#include <algorithm>
#include <vector>

#include "kernels/cross_entropy/row.h"
#include "kernels/isa.h"
#include "tasks/error.h"

namespace separatrix {

double cross_entropy(std::ptrdiff_t rows, std::ptrdiff_t vocab, Rows<float> logits, const std::int32_t* targets,
                     const std::uint8_t* mask, double scale) {
  for (std::ptrdiff_t i = 0; i < rows; ++i)
    if (mask[i] && (targets[i] < 0 || targets[i] >= vocab))
      fail("cross_entropy: target {} in row {} is not one of the {} tokens", targets[i], i, vocab);
  const CrossEntropyRow row = for_isa(sse2::cross_entropy_row, avx2::cross_entropy_row, avx512::cross_entropy_row);
  std::vector<float> losses(static_cast<std::size_t>(rows), 0.0f);
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < rows; ++i)
    if (mask[i])
      losses[static_cast<std::size_t>(i)] = row(vocab, targets[i], static_cast<float>(scale), logits.row(i));
    else
      std::fill_n(logits.row(i), vocab, 0.0f);
  double total = 0;  // in the order of the rows
  for (const float loss : losses) total += loss;
  return total * scale;
}

void argmax(std::ptrdiff_t rows, std::ptrdiff_t vocab, Rows<const float> logits, const std::uint8_t* mask, std::int32_t* out) {
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < rows; ++i)
    out[i] = mask[i] ? static_cast<std::int32_t>(std::max_element(logits.row(i), logits.row(i) + vocab) - logits.row(i)) : -1;
}

}  // namespace separatrix
