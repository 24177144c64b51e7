// Rows of a matrix picked by number, and put back among zeros.      not measured
// v1  one thread per element, which divides its number by the columns
// v2  16 bytes a thread, rows and columns are the grid's      default
#include "kernels/cuda/operations.h"
#include "kernels/cuda/packets.h"

namespace separatrix::SIMT {
namespace {

constexpr int size = Packet<float>::size;

/// y_i = x_rows[i], or zero where rows[i] is negative.
__global__ void pick(std::ptrdiff_t count, int cols, const std::int32_t* rows, Rows<const float> x, Rows<float> y) {
  const auto [i, j] = packet_place(size);
  const int there = cols - j;
  if (i >= count || there <= 0) return;
  const bool fits = there >= size && rows_aligned(x, 16) && rows_aligned(y, 16);
  const std::int32_t from = rows[i];
  Packet<float> part{};
  if (from >= 0) part.load(x.row(from) + j, fits, there);
  part.store(y.row(i) + j, fits, there);
}

}  // namespace

void gather_rows(Stream stream, std::ptrdiff_t count, std::ptrdiff_t cols, const std::int32_t* rows, Rows<const float> x,
                 Rows<float> y) {
  launch_packets(stream, "gather_rows", pick, count, cols, size, count, cols, rows, x, y);
}

void scatter_rows(Stream stream, std::ptrdiff_t count, std::ptrdiff_t cols, const std::int32_t* places, Rows<const float> y,
                  Rows<float> x) {
  launch_packets(stream, "scatter_rows", pick, count, cols, size, count, cols, places, y, x);
}

}  // namespace separatrix::SIMT
