// v2  of the gated output norm, values up to 256 of a head: a warp keeps its part of o, z and dy in registers, pairs of neighbours to a
//     lane; the backward sums up the weight's gradient on the way, instead of reading o, z and dy once more.
//     Bytes of a number in bf16: forward 6; backward v1 22 (the second reads from the cache), v2 10.    predicted: bytes    not measured
#include "kernels/cuda/column_sums.h"
#include "kernels/cuda/packets.h"
#include "kernels/gated_delta_rule/cuda_output.h"

namespace separatrix::SIMT {
namespace {

constexpr int warps = 8, most_pairs = 4;

/// One token and head: where it lies, and a lane's numbers of o and z.
template <int pairs, class T>
struct Part {
  const DeltaOutputShape& s;
  std::ptrdiff_t row;
  int column;
  bool wide;
  float o[pairs][2], z[pairs][2], w[pairs][2], r = 1;

  __device__ int count(int m) const { return s.value_dim - column_of(m); }
  __device__ void load(Rows<const T> x, float (&to)[pairs][2]) const {
#pragma unroll
    for (int m = 0; m < pairs; ++m) load_two(x.row(row) + column + column_of(m), wide && count(m) > 0, count(m), to[m]);
  }
  __device__ void store(Rows<T> x, const float (&from)[pairs][2]) const {
#pragma unroll
    for (int m = 0; m < pairs; ++m) store_two(x.row(row) + column + column_of(m), wide && count(m) > 0, count(m), from[m]);
  }
  /// `p` counts tokens and heads; `aligned`: what is written is, to pairs.
  __device__ Part(const DeltaOutputShape& shape, unsigned p, Rows<const T> o_rows, const float* weight, Rows<const T> z_rows, bool aligned)
      : s(shape), row(p / static_cast<unsigned>(shape.heads)), column(static_cast<int>(p % static_cast<unsigned>(shape.heads)) * shape.value_dim) {
    wide = aligned && s.value_dim % 2 == 0 && rows_aligned(o_rows, 2 * sizeof(T)) && (!s.gate || rows_aligned(z_rows, 2 * sizeof(T)));
    load(o_rows, o);
    if (s.gate) load(z_rows, z);
    float squares = 0;
#pragma unroll
    for (int m = 0; m < pairs; ++m)
      for (int e = 0; e < 2; ++e) {
        w[m][e] = e < count(m) ? (s.norm ? weight[column_of(m) + e] : 1.0f) : 0.0f;
        squares = fmaf(o[m][e], o[m][e], squares);
      }
    if (s.norm) r = 1.0f / sqrtf(warp_sum(squares) / static_cast<float>(s.value_dim) + s.eps);
  }
};

/// block (32, warps)
template <int pairs, class T>
__global__ void forward(DeltaOutputShape s, unsigned parts, Rows<const T> o, const float* weight, Rows<const T> z, Rows<T> y) {
  const unsigned p = blockIdx.x * warps + threadIdx.y;
  if (p >= parts) return;
  Part<pairs, T> part(s, p, o, weight, z, rows_aligned(y, 2 * sizeof(T)));
#pragma unroll
  for (int m = 0; m < pairs; ++m)
    for (int e = 0; e < 2; ++e) {
      const float gate = s.gate ? part.z[m][e] * sigmoid(part.z[m][e]) : 1.0f;
      part.o[m][e] = part.w[m][e] * (part.o[m][e] * part.r) * gate;
    }
  part.store(y, part.o);
}

/// block (32, warps).  partial (blocks, value_dim): the block's sums of the weight's gradient.
template <int pairs, class T>
__global__ void __launch_bounds__(warp_size* warps)
    backward(DeltaOutputShape s, unsigned parts, Rows<const T> o, const float* weight, Rows<const T> z, Rows<const T> d_y, Rows<T> d_o,
             Rows<T> d_z, float* partial) {
  const bool aligned =
      rows_aligned(d_y, 2 * sizeof(T)) && rows_aligned(d_o, 2 * sizeof(T)) && (!s.gate || rows_aligned(d_z, 2 * sizeof(T)));
  float d_weight[pairs][2] = {};
  for (unsigned p = blockIdx.x * warps + threadIdx.y; p < parts; p += gridDim.x * warps) {
    Part<pairs, T> part(s, p, o, weight, z, aligned);
    float d[pairs][2], along = 0;
    part.load(d_y, d);
#pragma unroll
    for (int m = 0; m < pairs; ++m)
      for (int e = 0; e < 2; ++e) {
        float &x = part.o[m][e], &gate = part.z[m][e];
        x *= part.r;  // normed
        if (s.gate) {
          const float open = sigmoid(gate), of_z = d[m][e] * part.w[m][e] * x * (open * fmaf(gate, 1.0f - open, 1.0f));
          d[m][e] *= gate * open;
          gate = of_z;
        }
        d_weight[m][e] = fmaf(d[m][e], x, d_weight[m][e]);
        d[m][e] *= part.w[m][e];
        along = fmaf(d[m][e], x, along);
      }
    if (s.gate) part.store(d_z, part.z);
    const float mean = s.norm ? warp_sum(along) / static_cast<float>(s.value_dim) : 0.0f;
#pragma unroll
    for (int m = 0; m < pairs; ++m)
      for (int e = 0; e < 2; ++e) d[m][e] = part.r * (d[m][e] - part.o[m][e] * mean);
    part.store(d_o, d);
  }
  leave_sums(d_weight, s.value_dim, partial);
}

std::ptrdiff_t parts_of(const DeltaOutputShape& s) {
  return static_cast<std::ptrdiff_t>(s.batch) * s.length * s.heads;
}
bool has_v2(const DeltaOutputShape& s) {
  return s.value_dim <= 2 * warp_size * most_pairs && parts_of(s) < std::ptrdiff_t{1} << 31;
}
/// f(integral_constant<int, pairs of a lane>)
template <class F>
void for_pairs_of(int value_dim, F f) {
  if (value_dim <= 2 * warp_size)
    f(std::integral_constant<int, 1>{});
  else if (value_dim <= 4 * warp_size)
    f(std::integral_constant<int, 2>{});
  else
    f(std::integral_constant<int, most_pairs>{});
}

}  // namespace

template <class T>
void delta_output_forward(Stream stream, const DeltaOutputShape& s, In<T> o, const float* weight, In<T> z, Rows<T> y) {
  if (!has_v2(s)) return delta_output_v1_forward(stream, s, o, weight, z, y);
  for_pairs_of(s.value_dim, [&](auto pairs) {
    launch(stream, "delta_output_forward", forward<decltype(pairs)::value, T>,
           Dim3{static_cast<unsigned>(blocks_for(parts_of(s), warps)), 1, 1}, Dim3{warp_size, warps, 1}, std::size_t{0}, s, parts_of(s), o,
           weight, z, y);
  });
}

template <class T>
void delta_output_backward(Stream stream, const DeltaOutputShape& s, In<T> o, const float* weight, In<T> z, In<T> d_y, Rows<T> d_o,
                           float* d_weight, Rows<T> d_z, float* scratch) {
  if (!has_v2(s)) return delta_output_v1_backward(stream, s, o, weight, z, d_y, d_o, d_weight, d_z, scratch);
  const int all = blocks_for(parts_of(s), warps), blocks = all < most_partials ? all : most_partials;
  for_pairs_of(s.value_dim, [&](auto pairs) {
    launch(stream, "delta_output_backward", backward<decltype(pairs)::value, T>, Dim3{static_cast<unsigned>(blocks), 1, 1},
           Dim3{warp_size, warps, 1}, sizeof(float) * warps * static_cast<std::size_t>(s.value_dim), s, parts_of(s), o, weight, z, d_y, d_o,
           d_z, scratch);
  });
  if (s.norm) add_partials(stream, "delta_output_weight", blocks, s.value_dim, scratch, d_weight, false);
}

template void delta_output_forward(Stream, const DeltaOutputShape&, In<float>, const float*, In<float>, Rows<float>);
template void delta_output_backward(Stream, const DeltaOutputShape&, In<float>, const float*, In<float>, In<float>, Rows<float>,
                                    float*, Rows<float>, float*);
template void delta_output_forward(Stream, const DeltaOutputShape&, In<bf16>, const float*, In<bf16>, Rows<bf16>);
template void delta_output_backward(Stream, const DeltaOutputShape&, In<bf16>, const float*, In<bf16>, In<bf16>, Rows<bf16>, float*,
                                    Rows<bf16>, float*);

}  // namespace separatrix::SIMT
