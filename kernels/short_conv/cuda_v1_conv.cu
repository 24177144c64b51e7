// Short causal convolution, SiLU and unit norm on the GPU (equations: short_conv.h): one warp per token and head of channels.
// v1  the convolution is computed again where its value is needed a second time; floor: bytes    not measured
#include "kernels/cuda/bf16.h"
#include "kernels/cuda/column_sums.h"
#include "kernels/short_conv/cuda.h"

namespace separatrix::SIMT {
namespace {

constexpr int no_unit = 128;  // channels of one warp where nothing is normed

template <class T>
struct Layer {
  ShortConvShape s;
  Rows<const T> x;
  const float* weight;  // (channels, width); not read when width = 0

  __device__ int part() const { return s.unit_dim > 0 ? s.unit_dim : no_unit; }
  __device__ int parts() const { return (s.channels + part() - 1) / part(); }
  /// x of token `row`, `back` tokens earlier; 0 before its sequence.
  __device__ float before(std::ptrdiff_t row, int back, int c) const {
    return row % s.length >= back ? to_float(x.row(row - back)[c]) : 0.0f;
  }
  __device__ float convolution(std::ptrdiff_t row, int c) const {
    if (s.width == 0) return to_float(x.row(row)[c]);
    float u = 0;
    for (int j = 0; j < s.width; ++j) u = fmaf(weight[c * s.width + j], before(row, s.width - 1 - j, c), u);
    return u;
  }
  __device__ float value(float u) const { return s.silu ? u * sigmoid(u) : u; }
  __device__ float slope(float u) const {
    const float gate = sigmoid(u);
    return s.silu ? gate * fmaf(u, 1.0f - gate, 1.0f) : 1.0f;
  }
};

template <class T>
__global__ void forward(Layer<T> l, Rows<T> y) {
  const std::ptrdiff_t warp = element() / warp_size, row = warp / l.parts();
  if (row >= static_cast<std::ptrdiff_t>(l.s.batch) * l.s.length) return;
  const int lane = threadIdx.x % warp_size, first = static_cast<int>(warp % l.parts()) * l.part();
  const int last = first + l.part() < l.s.channels ? first + l.part() : l.s.channels;
  float r = 1;
  if (l.s.unit_dim > 0) {
    float squares = 0;
    for (int c = first + lane; c < last; c += warp_size) {
      const float v = l.value(l.convolution(row, c));
      squares = fmaf(v, v, squares);
    }
    r = 1.0f / sqrtf(warp_sum(squares) + 1e-6f);
  }
  for (int c = first + lane; c < last; c += warp_size) y.row(row)[c] = from_float<T>(r * l.value(l.convolution(row, c)));
}

/// d_u (tokens, channels): the gradient before the activation.
template <class T>
__global__ void before_activation(Layer<T> l, Rows<const T> d_y, float* d_u) {
  const std::ptrdiff_t warp = element() / warp_size, row = warp / l.parts();
  if (row >= static_cast<std::ptrdiff_t>(l.s.batch) * l.s.length) return;
  const int lane = threadIdx.x % warp_size, first = static_cast<int>(warp % l.parts()) * l.part();
  const int last = first + l.part() < l.s.channels ? first + l.part() : l.s.channels;
  float r = 1, back = 0;
  if (l.s.unit_dim > 0) {
    float squares = 0, along = 0;
    for (int c = first + lane; c < last; c += warp_size) {
      const float v = l.value(l.convolution(row, c));
      squares = fmaf(v, v, squares);
      along = fmaf(v, to_float(d_y.row(row)[c]), along);
    }
    r = 1.0f / sqrtf(warp_sum(squares) + 1e-6f);
    back = r * r * warp_sum(along);
  }
  for (int c = first + lane; c < last; c += warp_size) {
    const float u = l.convolution(row, c);
    d_u[row * l.s.channels + c] = r * fmaf(-back, l.s.unit_dim > 0 ? l.value(u) : 0.0f, to_float(d_y.row(row)[c])) * l.slope(u);
  }
}

template <class T>
__global__ void input_gradient(Layer<T> l, const float* d_u, Rows<T> d_x) {
  const std::ptrdiff_t row = element() / l.s.channels;
  const int c = static_cast<int>(element() % l.s.channels);
  if (row >= static_cast<std::ptrdiff_t>(l.s.batch) * l.s.length) return;
  float sum = l.s.width == 0 ? d_u[row * l.s.channels + c] : 0.0f;
  for (int j = l.s.width - 1; j >= 0; --j) {
    const int ahead = l.s.width - 1 - j;
    if (row % l.s.length + ahead < l.s.length) sum = fmaf(l.weight[c * l.s.width + j], d_u[(row + ahead) * l.s.channels + c], sum);
  }
  d_x.row(row)[c] = from_float<T>(sum);
}

/// Column c * width + j of d_weight.
template <class T>
struct WeightTerm {
  Layer<T> l;
  const float* d_u;
  __device__ float operator()(std::ptrdiff_t row, std::ptrdiff_t column) const {
    const int c = static_cast<int>(column / l.s.width), j = static_cast<int>(column % l.s.width);
    return d_u[row * l.s.channels + c] * l.before(row, l.s.width - 1 - j, c);
  }
};

std::ptrdiff_t warps_of(const ShortConvShape& s) {
  const int part = s.unit_dim > 0 ? s.unit_dim : no_unit;
  return static_cast<std::ptrdiff_t>(s.batch) * s.length * ((s.channels + part - 1) / part);
}

}  // namespace

template <class T>
void short_conv_v1_forward(Stream stream, const ShortConvShape& s, In<T> x, const float* weight, Rows<T> y) {
  launch_warps(stream, "short_conv_forward", forward<T>, warps_of(s), Layer<T>{s, x, weight}, y);
}

template <class T>
void short_conv_v1_backward(Stream stream, const ShortConvShape& s, In<T> x, const float* weight, In<T> d_y, Rows<T> d_x,
                         float* d_weight, float* scratch) {
  const Layer<T> layer{s, x, weight};
  const std::ptrdiff_t tokens = static_cast<std::ptrdiff_t>(s.batch) * s.length, elements = tokens * s.channels;
  launch_warps(stream, "short_conv_activation", before_activation<T>, warps_of(s), layer, d_y, scratch);
  if (s.width > 0)
    column_sums(stream, "short_conv_weight", tokens, static_cast<std::ptrdiff_t>(s.channels) * s.width,
                WeightTerm<T>{layer, scratch}, d_weight, false, scratch + elements);
  launch_elements(stream, "short_conv_input", input_gradient<T>, elements, layer, static_cast<const float*>(scratch), d_x);
}

template void short_conv_v1_forward(Stream, const ShortConvShape&, In<float>, const float*, Rows<float>);
template void short_conv_v1_backward(Stream, const ShortConvShape&, In<float>, const float*, In<float>, Rows<float>, float*, float*);
template void short_conv_v1_forward(Stream, const ShortConvShape&, In<bf16>, const float*, Rows<bf16>);
template void short_conv_v1_backward(Stream, const ShortConvShape&, In<bf16>, const float*, In<bf16>, Rows<bf16>, float*, float*);

}  // namespace separatrix::SIMT
