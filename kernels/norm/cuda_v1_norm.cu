// RMSNorm on the GPU (equations: norm.h): one warp per part of a row; the weight's gradient by stripes of rows.
// v1  reads x twice; floor: bytes    not measured
#include "kernels/cuda/column_sums.h"

namespace separatrix::SIMT {
namespace {

__global__ void forward(NormShape s, Rows<const float> x, const float* weight, Rows<float> y, float* rstd, bool accumulate) {
  const std::ptrdiff_t part = element() / warp_size;
  if (part >= s.rows * s.groups) return;
  const float* from = x.row(part / s.groups) + part % s.groups * s.width;
  float* to = y.row(part / s.groups) + part % s.groups * s.width;
  const int lane = threadIdx.x % warp_size;
  float squares = 0;
  for (std::ptrdiff_t j = lane; j < s.width; j += warp_size) squares = fmaf(from[j], from[j], squares);
  const float r = 1.0f / sqrtf(warp_sum(squares) / static_cast<float>(s.width) + s.eps);
  if (lane == 0) rstd[part] = r;
  for (std::ptrdiff_t j = lane; j < s.width; j += warp_size) {
    const float normed = weight[j] * (from[j] * r);
    to[j] = accumulate ? to[j] + normed : normed;
  }
}

__global__ void backward(NormShape s, Rows<const float> dy, Rows<const float> x, const float* weight, const float* rstd,
                         Rows<float> dx, bool accumulate) {
  const std::ptrdiff_t part = element() / warp_size;
  if (part >= s.rows * s.groups) return;
  const std::ptrdiff_t row = part / s.groups, column = part % s.groups * s.width;
  const float *d = dy.row(row) + column, *from = x.row(row) + column, r = rstd[part];
  float* to = dx.row(row) + column;
  const int lane = threadIdx.x % warp_size;
  float along = 0;
  for (std::ptrdiff_t j = lane; j < s.width; j += warp_size) along = fmaf(d[j] * weight[j], from[j] * r, along);
  const float mean = warp_sum(along) / static_cast<float>(s.width);
  for (std::ptrdiff_t j = lane; j < s.width; j += warp_size) {
    const float gradient = r * (d[j] * weight[j] - from[j] * r * mean);
    to[j] = accumulate ? to[j] + gradient : gradient;
  }
}

struct WeightTerm {
  NormShape s;
  Rows<const float> dy, x;
  const float* rstd;
  __device__ float operator()(std::ptrdiff_t part, std::ptrdiff_t j) const {
    const std::ptrdiff_t row = part / s.groups, column = part % s.groups * s.width + j;
    return dy.row(row)[column] * (x.row(row)[column] * rstd[part]);
  }
};

}  // namespace

std::size_t sums_scratch_size(std::size_t columns) {
  return stripes * columns;
}

void rms_norm_forward(Stream stream, const NormShape& s, Rows<const float> x, const float* weight, Rows<float> y, float* rstd,
                      bool accumulate) {
  launch_warps(stream, "rms_norm_forward", forward, s.rows * s.groups, s, x, weight, y, rstd, accumulate);
}

void rms_norm_backward(Stream stream, const NormShape& s, Rows<const float> dy, Rows<const float> x, const float* weight,
                       const float* rstd, Rows<float> dx, float* dweight, float* scratch, bool accumulate) {
  // Before dx, which may be dy.
  column_sums(stream, "rms_norm_weight", s.rows * s.groups, s.width, WeightTerm{s, dy, x, rstd}, dweight, true, scratch);
  launch_warps(stream, "rms_norm_backward", backward, s.rows * s.groups, s, dy, x, weight, rstd, dx, accumulate);
}

}  // namespace separatrix::SIMT
