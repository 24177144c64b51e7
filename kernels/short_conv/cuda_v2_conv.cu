// v2  of the short convolution with SiLU, without unit norm: a thread takes two channels through 32 tokens, so that x is read once; the
//     backward makes the gradient before the activation where it is needed (again for the width - 1 tokens behind), and every block
//     leaves its sums of the weights' gradient.
//     Bytes of a token and channel in bf16: forward v1 4 (and one modulo of 64 bits for every tap), v2 4; backward v1 22, v2 6 and an
//     eighth of the weights'.    predicted: bytes    not measured
#include "kernels/cuda/column_sums.h"
#include "kernels/cuda/packets.h"
#include "kernels/short_conv/cuda.h"

namespace separatrix::SIMT {
namespace {

constexpr int run = 32, ahead = 8;  // tokens of a thread; asked for at a time
constexpr int most_width = 4;

/// Two channels of a run of tokens.
template <class T, int width>
struct ConvRun {
  ShortConvShape s;
  Rows<const T> x;
  int c, count, first, last;  // channels; tokens of the sequence
  std::ptrdiff_t row;         // of its first token
  bool wide;
  float w[width][2];

  __device__ ConvRun(const ShortConvShape& shape, Rows<const T> in, const float* weight, bool aligned) : s(shape), x(in) {
    const int runs = (s.length + run - 1) / run, sequence = static_cast<int>(blockIdx.x) / runs;
    first = static_cast<int>(blockIdx.x) % runs * run, last = first + run < s.length ? first + run : s.length;
    row = static_cast<std::ptrdiff_t>(sequence) * s.length;
    c = 2 * static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x), count = s.channels - c;
    wide = aligned && count >= 2 && rows_aligned(x, 2 * sizeof(T));
#pragma unroll
    for (int j = 0; j < width; ++j)
#pragma unroll
      for (int e = 0; e < 2; ++e) w[j][e] = e < count ? weight[(c + e) * width + j] : 0.0f;
  }
  /// Row t of `of`, zero outside of the sequence.
  __device__ void load(Rows<const T> of, int t, float (&to)[2]) const {
    to[0] = to[1] = 0;
    if (t >= 0 && t < s.length) load_two(of.row(row + t) + c, wide, count, to);
  }
  __device__ float value(float u) const { return s.silu ? u * sigmoid(u) : u; }
  __device__ float slope(float u) const {
    const float gate = sigmoid(u);
    return s.silu ? gate * fmaf(u, 1.0f - gate, 1.0f) : 1.0f;
  }
  /// window[j]: token t - width + 1 + j
  __device__ float convolution(const float (*window)[2], int e) const {
    float u = 0;
#pragma unroll
    for (int j = 0; j < width; ++j) u = fmaf(w[j][e], window[j][e], u);
    return u;
  }
};

/// grid (batch * runs, channels / (2 * block))
template <class T, int width>
__global__ void forward(ShortConvShape s, Rows<const T> x, const float* weight, Rows<T> y) {
  const ConvRun<T, width> r(s, x, weight, rows_aligned(y, 2 * sizeof(T)));
  if (r.count <= 0) return;
  float window[width - 1 + ahead][2];  // tokens t - width + 1 ... t + ahead - 1
#pragma unroll
  for (int j = 0; j < width - 1; ++j) r.load(x, r.first - width + 1 + j, window[j]);
  for (int t = r.first; t < r.last; t += ahead) {
#pragma unroll
    for (int e = 0; e < ahead; ++e) r.load(x, t + e, window[width - 1 + e]);
#pragma unroll
    for (int e = 0; e < ahead; ++e) {
      if (t + e >= r.last) break;
      const float out[2] = {r.value(r.convolution(window + e, 0)), r.value(r.convolution(window + e, 1))};
      store_two(y.row(r.row + t + e) + r.c, r.wide, r.count, out);
    }
#pragma unroll
    for (int j = 0; j < width - 1; ++j) window[j][0] = window[ahead + j][0], window[j][1] = window[ahead + j][1];
  }
}

/// The same grid.  partial (batch * runs, channels, width)
template <class T, int width>
__global__ void backward(ShortConvShape s, Rows<const T> x, const float* weight, Rows<const T> d_y, Rows<T> d_x, float* partial) {
  const ConvRun<T, width> r(s, x, weight, rows_aligned(d_y, 2 * sizeof(T)) && rows_aligned(d_x, 2 * sizeof(T)));
  if (r.count <= 0) return;
  float window[width - 1 + ahead][2], d_out[ahead][2], d_w[width][2] = {};
  float d_u[width][2] = {};  // of tokens t - width + 1 ... t
#pragma unroll
  for (int j = 0; j < width - 1; ++j) r.load(x, r.first - width + 1 + j, window[j]);
  for (int t = r.first; t < r.last + width - 1; t += ahead) {
#pragma unroll
    for (int e = 0; e < ahead; ++e) r.load(x, t + e, window[width - 1 + e]), r.load(d_y, t + e, d_out[e]);
#pragma unroll
    for (int e = 0; e < ahead; ++e) {
      const int now = t + e, done = now - width + 1;
      float d_in[2];
#pragma unroll
      for (int h = 0; h < 2; ++h) {
        d_u[width - 1][h] = d_out[e][h] * r.slope(r.convolution(window + e, h));  // beyond the sequence d_out is 0
        if (now < r.last)
#pragma unroll
          for (int j = 0; j < width; ++j) d_w[j][h] = fmaf(d_u[width - 1][h], window[e + j][h], d_w[j][h]);
        d_in[h] = 0;
#pragma unroll
        for (int a = 0; a < width; ++a) d_in[h] = fmaf(r.w[width - 1 - a][h], d_u[a][h], d_in[h]);
#pragma unroll
        for (int a = 0; a + 1 < width; ++a) d_u[a][h] = d_u[a + 1][h];
      }
      if (done >= r.first && done < r.last) store_two(d_x.row(r.row + done) + r.c, r.wide, r.count, d_in);
    }
#pragma unroll
    for (int j = 0; j < width - 1; ++j) window[j][0] = window[ahead + j][0], window[j][1] = window[ahead + j][1];
  }
  float* to = partial + (static_cast<std::ptrdiff_t>(blockIdx.x) * s.channels + r.c) * width;
#pragma unroll
  for (int h = 0; h < 2; ++h)
#pragma unroll
    for (int j = 0; j < width; ++j)
      if (h < r.count) to[h * width + j] = d_w[j][h];
}

std::ptrdiff_t runs_of(const ShortConvShape& s) {
  return static_cast<std::ptrdiff_t>(s.batch) * ((s.length + run - 1) / run);
}
bool has_v2(const ShortConvShape& s) {
  return s.unit_dim == 0 && s.width >= 2 && s.width <= most_width;
}
/// f(integral_constant<int, width>) for a width that v2 has.
template <class F>
void for_width(int width, F f) {
  switch (width) {
    case 2:
      return f(std::integral_constant<int, 2>{});
    case 3:
      return f(std::integral_constant<int, 3>{});
    default:
      return f(std::integral_constant<int, most_width>{});
  }
}
template <class... P, class... A>
void launch_runs(Stream stream, const char* name, void (*kernel)(P...), const ShortConvShape& s, A... arguments) {
  constexpr int threads = 128;
  launch(stream, name, kernel,
         Dim3{static_cast<unsigned>(runs_of(s)), static_cast<unsigned>(blocks_for((s.channels + 1) / 2, threads)), 1}, Dim3{threads, 1, 1},
         std::size_t{0}, s, arguments...);
}

}  // namespace

std::size_t short_conv_scratch_size(const ShortConvShape& s) {
  const auto channels = static_cast<std::size_t>(s.channels), tokens = static_cast<std::size_t>(s.batch) * s.length;
  if (has_v2(s)) return static_cast<std::size_t>(runs_of(s)) * channels * s.width;
  return tokens * channels + sums_scratch_size(channels * s.width);
}

template <class T>
void short_conv_forward(Stream stream, const ShortConvShape& s, In<T> x, const float* weight, Rows<T> y) {
  if (!has_v2(s)) return short_conv_v1_forward(stream, s, x, weight, y);
  for_width(s.width, [&](auto width) {
    launch_runs(stream, "short_conv_forward", forward<T, decltype(width)::value>, s, x, weight, y);
  });
}

template <class T>
void short_conv_backward(Stream stream, const ShortConvShape& s, In<T> x, const float* weight, In<T> d_y, Rows<T> d_x,
                         float* d_weight, float* scratch) {
  if (!has_v2(s)) return short_conv_v1_backward(stream, s, x, weight, d_y, d_x, d_weight, scratch);
  for_width(s.width, [&](auto width) {
    launch_runs(stream, "short_conv_backward", backward<T, decltype(width)::value>, s, x, weight, d_y, d_x, scratch);
  });
  add_partials(stream, "short_conv_weight", runs_of(s), static_cast<std::ptrdiff_t>(s.channels) * s.width, scratch, d_weight, false);
}

template void short_conv_forward(Stream, const ShortConvShape&, In<float>, const float*, Rows<float>);
template void short_conv_backward(Stream, const ShortConvShape&, In<float>, const float*, In<float>, Rows<float>, float*, float*);
template void short_conv_forward(Stream, const ShortConvShape&, In<bf16>, const float*, Rows<bf16>);
template void short_conv_backward(Stream, const ShortConvShape&, In<bf16>, const float*, In<bf16>, Rows<bf16>, float*, float*);

}  // namespace separatrix::SIMT
