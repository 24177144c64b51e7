// v2  of RMSNorm, rows up to 1,024 numbers: a warp keeps its row in registers, pairs of neighbours to a lane; the backward sums up the
//     weight's gradient on the way, instead of reading x and dy once more.
//     Bytes of a number, fp32: forward 8 (v1 too, the second read from the cache); backward into dx v1 24, v2 16.
//     predicted: bytes    not measured
#include "kernels/cuda/column_sums.h"
#include "kernels/cuda/packets.h"
#include "kernels/norm/cuda.h"

namespace separatrix::SIMT {
namespace {

constexpr int warps = 8;  // of a block

/// Where part p of (rows, groups) lies.
struct PartPlace {
  std::ptrdiff_t row;
  int column;
  __device__ PartPlace(const NormShape& s, std::ptrdiff_t p) : row(p), column(0) {
    if (s.groups == 1) return;
    const auto part = static_cast<unsigned>(p), groups = static_cast<unsigned>(s.groups);  // 32 bits: divided five times as fast
    row = part / groups, column = static_cast<int>(part % groups * static_cast<unsigned>(s.width));
  }
};

/// block (32, warps); pairs: of a lane.
template <int pairs, class X, class T>
__global__ void forward(NormShape s, Rows<const X> x, const float* weight, Rows<T> y, float* rstd, Rows<const T> add) {
  const std::ptrdiff_t p = static_cast<std::ptrdiff_t>(blockIdx.x) * warps + threadIdx.y;
  if (p >= s.rows * s.groups) return;
  const PartPlace at(s, p);
  const int width = static_cast<int>(s.width);
  const bool even = (s.width | at.column) % 2 == 0, wide_x = even && rows_aligned(x, 2 * sizeof(X));
  const bool wide_y = even && rows_aligned(y, 2 * sizeof(T)) && (!add.data || rows_aligned(add, 2 * sizeof(T)));
  const X* from = x.row(at.row) + at.column;
  T* to = y.row(at.row) + at.column;
  float numbers[pairs][2], squares = 0;
#pragma unroll
  for (int m = 0; m < pairs; ++m) {
    const int j = column_of(m), count = width - j;
    load_two(from + j, wide_x && count > 0, count, numbers[m]);
    squares = fmaf(numbers[m][0], numbers[m][0], squares), squares = fmaf(numbers[m][1], numbers[m][1], squares);
  }
  const float r = 1.0f / sqrtf(warp_sum(squares) / static_cast<float>(width) + s.eps);
  if (threadIdx.x == 0) rstd[p] = r;
#pragma unroll
  for (int m = 0; m < pairs; ++m) {
    const int j = column_of(m), count = width - j;
    if (count <= 0) continue;
    float before[2] = {0, 0};
    if (add.data) load_two(add.row(at.row) + at.column + j, wide_y, count, before);
    for (int e = 0; e < 2; ++e)
      if (e < count) before[e] += weight[j + e] * (numbers[m][e] * r);
    store_two(to + j, wide_y, count, before);
  }
}

/// block (32, warps).  partial (blocks, width): the block's sums of dy x / rms.  dx may be dy.
template <int pairs, class T>
__global__ void __launch_bounds__(warp_size* warps)
    backward(NormShape s, Rows<const T> dy, Rows<const T> x, const float* weight, const float* rstd, Rows<T> dx, float* partial,
             bool accumulate, Rows<bf16> rounded) {
  const int width = static_cast<int>(s.width);
  const std::ptrdiff_t parts = s.rows * s.groups;
  const bool aligned = s.width % 2 == 0 && rows_aligned(dy, 2 * sizeof(T)) && rows_aligned(x, 2 * sizeof(T)) &&
                       rows_aligned(dx, 2 * sizeof(T)) && (!rounded.data || rows_aligned(rounded, 2 * sizeof(bf16)));
  float d_weight[pairs][2] = {}, w[pairs][2];
#pragma unroll
  for (int m = 0; m < pairs; ++m)
    for (int e = 0; e < 2; ++e) w[m][e] = column_of(m) + e < width ? weight[column_of(m) + e] : 0.0f;
  for (std::ptrdiff_t p = static_cast<std::ptrdiff_t>(blockIdx.x) * warps + threadIdx.y; p < parts;
       p += static_cast<std::ptrdiff_t>(gridDim.x) * warps) {
    const PartPlace at(s, p);
    const T *d_from = dy.row(at.row) + at.column, *x_from = x.row(at.row) + at.column;
    T* to = dx.row(at.row) + at.column;
    const float r = rstd[p];
    float d[pairs][2], normed[pairs][2], along = 0;
#pragma unroll
    for (int m = 0; m < pairs; ++m) {
      const int j = column_of(m), count = width - j;
      load_two(d_from + j, aligned && count > 0, count, d[m]), load_two(x_from + j, aligned && count > 0, count, normed[m]);
      for (int e = 0; e < 2; ++e) {
        normed[m][e] *= r;
        d_weight[m][e] = fmaf(d[m][e], normed[m][e], d_weight[m][e]);
        along = fmaf(d[m][e] * w[m][e], normed[m][e], along);
      }
    }
    const float mean = warp_sum(along) / static_cast<float>(width);
#pragma unroll
    for (int m = 0; m < pairs; ++m) {
      const int j = column_of(m), count = width - j;
      if (count <= 0) continue;
      float before[2] = {0, 0};
      if (accumulate) load_two(to + j, aligned, count, before);
      for (int e = 0; e < 2; ++e) before[e] += r * (d[m][e] * w[m][e] - normed[m][e] * mean);
      store_two(to + j, aligned, count, before);
      if (rounded.data) store_two(rounded.row(at.row) + at.column + j, aligned, count, before);
    }
  }
  leave_sums(d_weight, width, partial);
}

constexpr int most_pairs = 16;
bool has_v2(const NormShape& s) {
  return s.width <= 2 * warp_size * most_pairs && s.rows * s.groups < std::ptrdiff_t{1} << 32;
}
/// f(integral_constant<int, pairs of a lane>)
template <class F>
void for_pairs_of(std::ptrdiff_t width, F f) {
  if (width <= 2 * warp_size)
    f(std::integral_constant<int, 1>{});
  else if (width <= 8 * warp_size)
    f(std::integral_constant<int, 4>{});
  else
    f(std::integral_constant<int, most_pairs>{});
}

}  // namespace

std::size_t sums_scratch_size(std::size_t columns) {
  return most_partials * columns;
}

template <class X, class T>
void rms_norm_forward(Stream stream, const NormShape& s, Rows<const X> x, const float* weight, Rows<T> y, float* rstd,
                      In<T> add) {
  if (!has_v2(s)) return rms_norm_v1_forward(stream, s, x, weight, y, rstd, add);
  for_pairs_of(s.width, [&](auto pairs) {
    launch(stream, "rms_norm_forward", forward<decltype(pairs)::value, X, T>,
           Dim3{static_cast<unsigned>(blocks_for(s.rows * s.groups, warps)), 1, 1}, Dim3{warp_size, warps, 1}, std::size_t{0}, s, x, weight, y,
           rstd, add);
  });
}

template <class T>
void rms_norm_backward(Stream stream, const NormShape& s, In<T> dy, In<T> x, const float* weight, const float* rstd, Rows<T> dx,
                       float* dweight, float* scratch, bool accumulate, Rows<bf16> rounded) {
  if (!has_v2(s)) return rms_norm_v1_backward<T>(stream, s, dy, x, weight, rstd, dx, dweight, scratch, accumulate, rounded);
  const int all = blocks_for(s.rows * s.groups, warps), blocks = all < most_partials ? all : most_partials;
  for_pairs_of(s.width, [&](auto pairs) {
    launch(stream, "rms_norm_backward", backward<decltype(pairs)::value, T>, Dim3{static_cast<unsigned>(blocks), 1, 1},
           Dim3{warp_size, warps, 1}, sizeof(float) * warps * static_cast<std::size_t>(s.width), s, dy, x, weight, rstd, dx, scratch,
           accumulate, rounded);
  });
  add_partials(stream, "rms_norm_weight", blocks, s.width, scratch, dweight, true);
}

template void rms_norm_forward(Stream, const NormShape&, Rows<const float>, const float*, Rows<float>, float*, Rows<const float>);
template void rms_norm_forward(Stream, const NormShape&, Rows<const float>, const float*, Rows<bf16>, float*, Rows<const bf16>);
template void rms_norm_forward(Stream, const NormShape&, Rows<const bf16>, const float*, Rows<bf16>, float*, Rows<const bf16>);
template void rms_norm_backward(Stream, const NormShape&, In<float>, In<float>, const float*, const float*, Rows<float>, float*,
                                float*, bool, Rows<bf16>);
template void rms_norm_backward(Stream, const NormShape&, In<bf16>, In<bf16>, const float*, const float*, Rows<bf16>, float*,
                                float*, bool, Rows<bf16>);

}  // namespace separatrix::SIMT
