// Rows of a matrix picked by number, and put back among zeros.      v1  not measured
#include "kernels/cuda/column_sums.h"

namespace separatrix::SIMT {
namespace {

__global__ void gather(std::ptrdiff_t count, std::ptrdiff_t cols, const std::int32_t* rows, Rows<const float> x, Rows<float> y) {
  const std::ptrdiff_t i = element() / cols, j = element() % cols;
  if (i < count) y.row(i)[j] = x.row(rows[i])[j];
}

__global__ void scatter(std::ptrdiff_t count, std::ptrdiff_t cols, const std::int32_t* places, Rows<const float> y, Rows<float> x) {
  const std::ptrdiff_t i = element() / cols, j = element() % cols;
  if (i < count) x.row(i)[j] = places[i] < 0 ? 0.0f : y.row(places[i])[j];
}

}  // namespace

void gather_rows(Stream stream, std::ptrdiff_t count, std::ptrdiff_t cols, const std::int32_t* rows, Rows<const float> x,
                 Rows<float> y) {
  launch_elements(stream, "gather_rows", gather, count * cols, count, cols, rows, x, y);
}

void scatter_rows(Stream stream, std::ptrdiff_t count, std::ptrdiff_t cols, const std::int32_t* places, Rows<const float> y,
                  Rows<float> x) {
  launch_elements(stream, "scatter_rows", scatter, count * cols, count, cols, places, y, x);
}

}  // namespace separatrix::SIMT
