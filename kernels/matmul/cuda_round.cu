// Rounding of operands to bf16 on the GPU.
#include "kernels/cuda/bf16.h"
#include "kernels/cuda/column_sums.h"

namespace separatrix::SIMT {
namespace {

__global__ void round_elements(std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const float> x, Rows<bf16> y) {
  if (element() >= rows * cols) return;
  const std::ptrdiff_t i = element() / cols, j = element() % cols;
  y.row(i)[j] = from_float<bf16>(x.row(i)[j]);
}

}  // namespace

void round_rows(Stream stream, std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const float> x, Rows<bf16> y) {
  launch_elements(stream, "round_rows", round_elements, rows * cols, rows, cols, x, y);
}

}  // namespace separatrix::SIMT
