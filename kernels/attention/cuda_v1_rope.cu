// Rotary positions on the GPU (rope.h): one thread per pair of dimensions, a block to a token.    v1    not measured
#include "kernels/cuda/bf16.h"
#include "kernels/cuda/column_sums.h"

namespace separatrix::SIMT {
namespace {

template <class T>
__global__ void turn(AttentionShape s, const float* table, float sign, Rows<T> x) {
  // 32 bits: divided five times as fast
  const auto half = static_cast<unsigned>(s.head_dim / 2), pair = blockIdx.y * blockDim.x + threadIdx.x, row = blockIdx.x;
  if (pair >= static_cast<unsigned>(s.heads) * half) return;
  const unsigned head_number = pair / half, at = pair % half;
  const float* angles = table + static_cast<std::ptrdiff_t>(row % static_cast<unsigned>(s.length)) * 2 * half + at;
  T* head = x.row(row) + static_cast<std::ptrdiff_t>(head_number) * s.head_dim + at;
  const float u = to_float(head[0]), w = to_float(head[half]), cosine = angles[0], sine = sign * angles[half];
  head[0] = from_float<T>(u * cosine - w * sine);
  head[half] = from_float<T>(w * cosine + u * sine);
}

}  // namespace

template <class T>
void rope(Stream stream, const AttentionShape& s, const float* table, float sign, Rows<T> x) {
  constexpr int threads = 128;
  const auto pairs = static_cast<std::ptrdiff_t>(s.heads) * (s.head_dim / 2);  // of a token
  if (pairs == 0) return;
  const Dim3 grid{static_cast<unsigned>(s.batch * s.length), static_cast<unsigned>(blocks_for(pairs, threads)), 1};
  launch(stream, "rope", turn<T>, grid, Dim3{threads, 1, 1}, std::size_t{0}, s, table, sign, x);
}

template void rope(Stream, const AttentionShape&, const float*, float, Rows<float>);
template void rope(Stream, const AttentionShape&, const float*, float, Rows<bf16>);

}  // namespace separatrix::SIMT
