// RMSNorm on the GPU (equations: norm.h): one warp per part of a row; the weight's gradient by stripes of rows.
// v1  reads x twice; floor: bytes    not measured
#include "kernels/cuda/bf16.h"
#include "kernels/cuda/column_sums.h"
#include "kernels/norm/cuda.h"

namespace separatrix::SIMT {
namespace {

template <class X, class T>
__global__ void forward(NormShape s, Rows<const X> x, const float* weight, Rows<T> y, float* rstd, Rows<const T> add) {
  const std::ptrdiff_t part = element() / warp_size;
  if (part >= s.rows * s.groups) return;
  const X* from = x.row(part / s.groups) + part % s.groups * s.width;
  T* to = y.row(part / s.groups) + part % s.groups * s.width;
  const int lane = threadIdx.x % warp_size;
  float squares = 0;
  for (std::ptrdiff_t j = lane; j < s.width; j += warp_size) {
    const float e = to_float(from[j]);
    squares = fmaf(e, e, squares);
  }
  const float r = 1.0f / sqrtf(warp_sum(squares) / static_cast<float>(s.width) + s.eps);
  if (lane == 0) rstd[part] = r;
  for (std::ptrdiff_t j = lane; j < s.width; j += warp_size) {
    const float normed = weight[j] * (to_float(from[j]) * r);
    to[j] = from_float<T>(add.data ? to_float(add.row(part / s.groups)[part % s.groups * s.width + j]) + normed : normed);
  }
}

template <class T>
__global__ void backward(NormShape s, Rows<const T> dy, Rows<const T> x, const float* weight, const float* rstd, Rows<T> dx,
                         bool accumulate, Rows<bf16> rounded) {
  const std::ptrdiff_t part = element() / warp_size;
  if (part >= s.rows * s.groups) return;
  const std::ptrdiff_t row = part / s.groups, column = part % s.groups * s.width;
  const T *d = dy.row(row) + column, *from = x.row(row) + column;
  const float r = rstd[part];
  T* to = dx.row(row) + column;
  const int lane = threadIdx.x % warp_size;
  float along = 0;
  for (std::ptrdiff_t j = lane; j < s.width; j += warp_size) along = fmaf(to_float(d[j]) * weight[j], to_float(from[j]) * r, along);
  const float mean = warp_sum(along) / static_cast<float>(s.width);
  for (std::ptrdiff_t j = lane; j < s.width; j += warp_size) {
    const float gradient = r * (to_float(d[j]) * weight[j] - to_float(from[j]) * r * mean);
    const float all = accumulate ? to_float(to[j]) + gradient : gradient;
    to[j] = from_float<T>(all);
    if (rounded.data) rounded.row(row)[column + j] = from_float<bf16>(all);
  }
}

template <class T>
struct WeightTerm {
  NormShape s;
  Rows<const T> dy, x;
  const float* rstd;
  __device__ float operator()(std::ptrdiff_t part, std::ptrdiff_t j) const {
    const std::ptrdiff_t row = part / s.groups, column = part % s.groups * s.width + j;
    return to_float(dy.row(row)[column]) * (to_float(x.row(row)[column]) * rstd[part]);
  }
};

}  // namespace

template <class X, class T>
void rms_norm_v1_forward(Stream stream, const NormShape& s, Rows<const X> x, const float* weight, Rows<T> y, float* rstd,
                      In<T> add) {
  launch_warps(stream, "rms_norm_forward", forward<X, T>, s.rows * s.groups, s, x, weight, y, rstd, add);
}

template <class T>
void rms_norm_v1_backward(Stream stream, const NormShape& s, In<T> dy, In<T> x, const float* weight, const float* rstd, Rows<T> dx,
                       float* dweight, float* scratch, bool accumulate, Rows<bf16> rounded) {
  // Before dx, which may be dy.
  column_sums(stream, "rms_norm_weight", s.rows * s.groups, s.width, WeightTerm<T>{s, dy, x, rstd}, dweight, true, scratch);
  launch_warps(stream, "rms_norm_backward", backward<T>, s.rows * s.groups, s, dy, x, weight, rstd, dx, accumulate, rounded);
}

template void rms_norm_v1_forward(Stream, const NormShape&, Rows<const float>, const float*, Rows<float>, float*, Rows<const float>);
template void rms_norm_v1_forward(Stream, const NormShape&, Rows<const float>, const float*, Rows<bf16>, float*, Rows<const bf16>);
template void rms_norm_v1_forward(Stream, const NormShape&, Rows<const bf16>, const float*, Rows<bf16>, float*, Rows<const bf16>);
template void rms_norm_v1_backward(Stream, const NormShape&, In<float>, In<float>, const float*, const float*, Rows<float>, float*,
                                float*, bool, Rows<bf16>);
template void rms_norm_v1_backward(Stream, const NormShape&, In<bf16>, In<bf16>, const float*, const float*, Rows<bf16>, float*,
                                float*, bool, Rows<bf16>);

}  // namespace separatrix::SIMT
