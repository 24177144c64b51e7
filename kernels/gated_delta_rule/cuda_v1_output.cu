// Gated output norm on the GPU (equations: output.h): one warp per token and head.    v1    floor: bytes    not measured
#include "kernels/cuda/bf16.h"
#include "kernels/cuda/column_sums.h"
#include "kernels/gated_delta_rule/cuda_output.h"

namespace separatrix::SIMT {
namespace {

template <class T>
struct Output {
  DeltaOutputShape s;
  Rows<const T> o;
  const float* weight;
  Rows<const T> z;

  __device__ std::ptrdiff_t parts() const { return static_cast<std::ptrdiff_t>(s.batch) * s.length * s.heads; }
  __device__ std::ptrdiff_t row(std::ptrdiff_t part) const { return part / s.heads; }
  __device__ std::ptrdiff_t column(std::ptrdiff_t part) const { return part % s.heads * s.value_dim; }
  /// 1 / sqrt(mean(o^2) + eps), by a whole warp.
  __device__ float inverse_rms(std::ptrdiff_t part) const {
    if (!s.norm) return 1;
    const T* x = o.row(row(part)) + column(part);
    float squares = 0;
    for (int j = threadIdx.x % warp_size; j < s.value_dim; j += warp_size) {
      const float e = to_float(x[j]);
      squares = fmaf(e, e, squares);
    }
    return 1.0f / sqrtf(warp_sum(squares) / static_cast<float>(s.value_dim) + s.eps);
  }
  __device__ float gate(std::ptrdiff_t part, int j) const {
    if (!s.gate) return 1;
    const float x = to_float(z.row(row(part))[column(part) + j]);
    return x * sigmoid(x);
  }
  __device__ float of_weight(int j) const { return s.norm ? weight[j] : 1.0f; }
};

template <class T>
__global__ void forward(Output<T> l, Rows<T> y) {
  const std::ptrdiff_t part = element() / warp_size;
  if (part >= l.parts()) return;
  const float r = l.inverse_rms(part);
  const T* o = l.o.row(l.row(part)) + l.column(part);
  T* to = y.row(l.row(part)) + l.column(part);
  for (int j = threadIdx.x % warp_size; j < l.s.value_dim; j += warp_size)
    to[j] = from_float<T>(l.of_weight(j) * (to_float(o[j]) * r) * l.gate(part, j));
}

/// d_o, d_z, and 1 / rms of every part for the weight's gradient.
template <class T>
__global__ void backward(Output<T> l, Rows<const T> d_y, Rows<T> d_o, Rows<T> d_z, float* rms) {
  const std::ptrdiff_t part = element() / warp_size;
  if (part >= l.parts()) return;
  const std::ptrdiff_t row = l.row(part), column = l.column(part);
  const float r = l.inverse_rms(part);
  const T *o = l.o.row(row) + column, *dy = d_y.row(row) + column;
  const int lane = threadIdx.x % warp_size;
  if (lane == 0) rms[part] = r;
  float along = 0;
  for (int j = lane; j < l.s.value_dim; j += warp_size) {
    const float d = to_float(dy[j]), normed = to_float(o[j]) * r;
    along = fmaf(d * l.gate(part, j) * l.of_weight(j), normed, along);
    if (!l.s.gate) continue;
    const float z = to_float(l.z.row(row)[column + j]), open = sigmoid(z);
    d_z.row(row)[column + j] = from_float<T>(d * l.of_weight(j) * normed * (open * fmaf(z, 1.0f - open, 1.0f)));
  }
  const float mean = l.s.norm ? warp_sum(along) / static_cast<float>(l.s.value_dim) : 0.0f;
  for (int j = lane; j < l.s.value_dim; j += warp_size)
    d_o.row(row)[column + j] = from_float<T>(r * (to_float(dy[j]) * l.gate(part, j) * l.of_weight(j) - to_float(o[j]) * r * mean));
}

/// Rows are parts.
template <class T>
struct WeightTerm {
  Output<T> l;
  Rows<const T> d_y;
  const float* rms;
  __device__ float operator()(std::ptrdiff_t part, std::ptrdiff_t j) const {
    const std::ptrdiff_t row = l.row(part), column = l.column(part) + j;
    return to_float(d_y.row(row)[column]) * l.gate(part, static_cast<int>(j)) * (to_float(l.o.row(row)[column]) * rms[part]);
  }
};

}  // namespace

template <class T>
void delta_output_v1_forward(Stream stream, const DeltaOutputShape& s, In<T> o, const float* weight, In<T> z, Rows<T> y) {
  launch_warps(stream, "delta_output_forward", forward<T>, static_cast<std::ptrdiff_t>(s.batch) * s.length * s.heads,
               Output<T>{s, o, weight, z}, y);
}

template <class T>
void delta_output_v1_backward(Stream stream, const DeltaOutputShape& s, In<T> o, const float* weight, In<T> z, In<T> d_y, Rows<T> d_o,
                           float* d_weight, Rows<T> d_z, float* scratch) {
  const Output<T> output{s, o, weight, z};
  const std::ptrdiff_t parts = static_cast<std::ptrdiff_t>(s.batch) * s.length * s.heads;
  launch_warps(stream, "delta_output_backward", backward<T>, parts, output, d_y, d_o, d_z, scratch);
  if (s.norm)
    column_sums(stream, "delta_output_weight", parts, s.value_dim, WeightTerm<T>{output, d_y, scratch}, d_weight, false,
                scratch + parts);
}

template void delta_output_v1_forward(Stream, const DeltaOutputShape&, In<float>, const float*, In<float>, Rows<float>);
template void delta_output_v1_backward(Stream, const DeltaOutputShape&, In<float>, const float*, In<float>, In<float>, Rows<float>,
                                    float*, Rows<float>, float*);
template void delta_output_v1_forward(Stream, const DeltaOutputShape&, In<bf16>, const float*, In<bf16>, Rows<bf16>);
template void delta_output_v1_backward(Stream, const DeltaOutputShape&, In<bf16>, const float*, In<bf16>, In<bf16>, Rows<bf16>, float*,
                                    Rows<bf16>, float*);

}  // namespace separatrix::SIMT
