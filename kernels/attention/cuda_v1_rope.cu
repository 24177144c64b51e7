// Rotary positions on the GPU (rope.h): one thread per pair of dimensions.    v1    not measured
#include "kernels/cuda/column_sums.h"

namespace separatrix::SIMT {
namespace {

__global__ void turn(AttentionShape s, const float* table, float sign, Rows<float> x) {
  const std::ptrdiff_t half = s.head_dim / 2, row = element() / (s.heads * half), pair = element() % (s.heads * half);
  if (row >= s.batch * s.length) return;
  const float* angles = table + row % s.length * 2 * half + pair % half;
  float* head = x.row(row) + pair / half * s.head_dim + pair % half;
  const float u = head[0], w = head[half], cosine = angles[0], sine = sign * angles[half];
  head[0] = u * cosine - w * sine;
  head[half] = w * cosine + u * sine;
}

}  // namespace

void rope(Stream stream, const AttentionShape& s, const float* table, float sign, Rows<float> x) {
  const std::ptrdiff_t pairs = s.batch * s.length * s.heads * (s.head_dim / 2);
  if (pairs > 0) launch_elements(stream, "rope", turn, pairs, s, table, sign, x);
}

}  // namespace separatrix::SIMT
