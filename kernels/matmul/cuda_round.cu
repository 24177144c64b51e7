// Rounding of operands to bf16 on the GPU: eight numbers a thread.
#include "kernels/cuda/operations.h"
#include "kernels/cuda/packets.h"

namespace separatrix::SIMT {
namespace {

constexpr int size = Packet<bf16>::size, half = Packet<float>::size, threads = 256;
static_assert(size == 2 * half);

__device__ inline void round_packet(Rows<const float> x, Rows<bf16> y, std::ptrdiff_t i, int j, int count) {
  const bool fits = count >= size && rows_aligned(x, 16) && rows_aligned(y, 16);
  Packet<float> parts[2];
  Packet<bf16> all;
  for (int p = 0; p < 2; ++p) parts[p].load(x.row(i) + j + p * half, fits, count - p * half);
#pragma unroll
  for (int e = 0; e < size; ++e) all.x[e] = parts[e / half].x[e % half];
  all.store(y.row(i) + j, fits, count);
}

__global__ void round_packets(std::ptrdiff_t rows, int cols, Rows<const float> x, Rows<bf16> y) {
  const auto [i, j] = packet_place(size);
  if (i < rows && j < cols) round_packet(x, y, i, j, cols - j);
}

struct Roundings {
  Rounding all[most_roundings];
};
/// grid (blocks of the largest matrix, matrices)
__global__ void round_many(const __grid_constant__ Roundings matrices) {
  const Rounding& m = matrices.all[blockIdx.y];
  const unsigned across = static_cast<unsigned>(m.cols + size - 1) / size, packet = blockIdx.x * threads + threadIdx.x;
  const unsigned i = packet / across;
  const int j = static_cast<int>(packet % across * size);
  if (i < static_cast<unsigned>(m.rows)) round_packet(m.x, m.y, i, j, m.cols - j);
}

}  // namespace

void round_rows(Stream stream, std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const float> x, Rows<bf16> y) {
  launch_packets(stream, "round_rows", round_packets, rows, cols, size, rows, cols, x, y);
}

void round_matrices(Stream stream, const Rounding* all, int count) {
  if (count < 1 || count > most_roundings) refuse("rounding: " + std::to_string(count) + " matrices at once");
  Roundings matrices{};
  int most = 0;
  for (int m = 0; m < count; ++m) {
    matrices.all[m] = all[m];
    const int blocks = blocks_for(static_cast<std::ptrdiff_t>(all[m].rows) * ((all[m].cols + size - 1) / size), threads);
    most = blocks > most ? blocks : most;
  }
  launch(stream, "round_matrices", round_many, Dim3{static_cast<unsigned>(most), static_cast<unsigned>(count), 1},
         Dim3{threads, 1, 1}, std::size_t{0}, matrices);
}

}  // namespace separatrix::SIMT
