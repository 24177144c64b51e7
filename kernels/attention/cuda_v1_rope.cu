// Rotary positions on the GPU (rope.h): one thread per pair of dimensions.    v1    not measured
#include "kernels/cuda/bf16.h"
#include "kernels/cuda/column_sums.h"

namespace separatrix::SIMT {
namespace {

template <class T>
__global__ void turn(AttentionShape s, const float* table, float sign, Rows<T> x) {
  const std::ptrdiff_t half = s.head_dim / 2, row = element() / (s.heads * half), pair = element() % (s.heads * half);
  if (row >= s.batch * s.length) return;
  const float* angles = table + row % s.length * 2 * half + pair % half;
  T* head = x.row(row) + pair / half * s.head_dim + pair % half;
  const float u = to_float(head[0]), w = to_float(head[half]), cosine = angles[0], sine = sign * angles[half];
  head[0] = from_float<T>(u * cosine - w * sine);
  head[half] = from_float<T>(w * cosine + u * sine);
}

}  // namespace

template <class T>
void rope(Stream stream, const AttentionShape& s, const float* table, float sign, Rows<T> x) {
  const std::ptrdiff_t pairs = s.batch * s.length * s.heads * (s.head_dim / 2);
  if (pairs > 0) launch_elements(stream, "rope", turn<T>, pairs, s, table, sign, x);
}

template void rope(Stream, const AttentionShape&, const float*, float, Rows<float>);
template void rope(Stream, const AttentionShape&, const float*, float, Rows<bf16>);

}  // namespace separatrix::SIMT
