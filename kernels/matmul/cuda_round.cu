// Rounding of operands to bf16 on the GPU: eight numbers a thread.
#include "kernels/cuda/operations.h"
#include "kernels/cuda/packets.h"

namespace separatrix::SIMT {
namespace {

__global__ void round_packets(std::ptrdiff_t rows, int cols, Rows<const float> x, Rows<bf16> y) {
  constexpr int half = Packet<float>::size;
  const auto [i, j] = packet_place(2 * half);
  const int count = cols - j;
  if (i >= rows || count <= 0) return;
  const bool fits = count >= 2 * half && rows_aligned(x, 16) && rows_aligned(y, 16);
  Packet<float> parts[2];
  Packet<bf16> all;
  for (int p = 0; p < 2; ++p) parts[p].load(x.row(i) + j + p * half, fits, count - p * half);
#pragma unroll
  for (int e = 0; e < 2 * half; ++e) all.x[e] = parts[e / half].x[e % half];
  all.store(y.row(i) + j, fits, count);
}

}  // namespace

void round_rows(Stream stream, std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const float> x, Rows<bf16> y) {
  launch_packets(stream, "round_rows", round_packets, rows, cols, Packet<bf16>::size, rows, cols, x, y);
}

}  // namespace separatrix::SIMT
