// Gated output norm on the GPU (equations: output.h): one warp per token and head.    v1    floor: bytes    not measured
#include "kernels/cuda/column_sums.h"

namespace separatrix::SIMT {
namespace {

struct Output {
  DeltaOutputShape s;
  Rows<const float> o;
  const float* weight;
  Rows<const float> z;

  __device__ std::ptrdiff_t parts() const { return static_cast<std::ptrdiff_t>(s.batch) * s.length * s.heads; }
  __device__ std::ptrdiff_t row(std::ptrdiff_t part) const { return part / s.heads; }
  __device__ std::ptrdiff_t column(std::ptrdiff_t part) const { return part % s.heads * s.value_dim; }
  /// 1 / sqrt(mean(o^2) + eps), by a whole warp.
  __device__ float inverse_rms(std::ptrdiff_t part) const {
    if (!s.norm) return 1;
    const float* x = o.row(row(part)) + column(part);
    float squares = 0;
    for (int j = threadIdx.x % warp_size; j < s.value_dim; j += warp_size) squares = fmaf(x[j], x[j], squares);
    return 1.0f / sqrtf(warp_sum(squares) / static_cast<float>(s.value_dim) + s.eps);
  }
  __device__ float gate(std::ptrdiff_t part, int j) const {
    if (!s.gate) return 1;
    const float x = z.row(row(part))[column(part) + j];
    return x * sigmoid(x);
  }
  __device__ float of_weight(int j) const { return s.norm ? weight[j] : 1.0f; }
};

__global__ void forward(Output l, Rows<float> y) {
  const std::ptrdiff_t part = element() / warp_size;
  if (part >= l.parts()) return;
  const float r = l.inverse_rms(part);
  const float* o = l.o.row(l.row(part)) + l.column(part);
  float* to = y.row(l.row(part)) + l.column(part);
  for (int j = threadIdx.x % warp_size; j < l.s.value_dim; j += warp_size) to[j] = l.of_weight(j) * (o[j] * r) * l.gate(part, j);
}

/// d_o, d_z, and 1 / rms of every part for the weight's gradient.
__global__ void backward(Output l, Rows<const float> d_y, Rows<float> d_o, Rows<float> d_z, float* rms) {
  const std::ptrdiff_t part = element() / warp_size;
  if (part >= l.parts()) return;
  const std::ptrdiff_t row = l.row(part), column = l.column(part);
  const float r = l.inverse_rms(part);
  const float *o = l.o.row(row) + column, *dy = d_y.row(row) + column;
  const int lane = threadIdx.x % warp_size;
  if (lane == 0) rms[part] = r;
  float along = 0;
  for (int j = lane; j < l.s.value_dim; j += warp_size) {
    along = fmaf(dy[j] * l.gate(part, j) * l.of_weight(j), o[j] * r, along);
    if (!l.s.gate) continue;
    const float z = l.z.row(row)[column + j], open = sigmoid(z);
    d_z.row(row)[column + j] = dy[j] * l.of_weight(j) * (o[j] * r) * (open * fmaf(z, 1.0f - open, 1.0f));
  }
  const float mean = l.s.norm ? warp_sum(along) / static_cast<float>(l.s.value_dim) : 0.0f;
  for (int j = lane; j < l.s.value_dim; j += warp_size)
    d_o.row(row)[column + j] = r * (dy[j] * l.gate(part, j) * l.of_weight(j) - o[j] * r * mean);
}

/// Rows are parts.
struct WeightTerm {
  Output l;
  Rows<const float> d_y;
  const float* rms;
  __device__ float operator()(std::ptrdiff_t part, std::ptrdiff_t j) const {
    const std::ptrdiff_t row = l.row(part), column = l.column(part) + j;
    return d_y.row(row)[column] * l.gate(part, static_cast<int>(j)) * (l.o.row(row)[column] * rms[part]);
  }
};

}  // namespace

void delta_output_forward(Stream stream, const DeltaOutputShape& s, Rows<const float> o, const float* weight, Rows<const float> z,
                          Rows<float> y) {
  launch_warps(stream, "delta_output_forward", forward, static_cast<std::ptrdiff_t>(s.batch) * s.length * s.heads,
               Output{s, o, weight, z}, y);
}

void delta_output_backward(Stream stream, const DeltaOutputShape& s, Rows<const float> o, const float* weight, Rows<const float> z,
                           Rows<const float> d_y, Rows<float> d_o, float* d_weight, Rows<float> d_z, float* scratch) {
  const Output output{s, o, weight, z};
  const std::ptrdiff_t parts = static_cast<std::ptrdiff_t>(s.batch) * s.length * s.heads;
  launch_warps(stream, "delta_output_backward", backward, parts, output, d_y, d_o, d_z, scratch);
  if (s.norm)
    column_sums(stream, "delta_output_weight", parts, s.value_dim, WeightTerm{output, d_y, scratch}, d_weight, false,
                scratch + parts);
}

}  // namespace separatrix::SIMT
