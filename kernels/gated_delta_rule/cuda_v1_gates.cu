// Gates of the gated delta rule on the GPU (equations: gates.h): one thread per token and head.    v1    not measured
#include "kernels/cuda/bf16.h"
#include "kernels/cuda/column_sums.h"

namespace separatrix::SIMT {
namespace {

__device__ inline float softplus(float x) {
  return fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x)));
}

template <class T>
struct Gates {
  DeltaGatesShape s;
  Rows<const T> a_rows, b_rows;
  const float *a_log, *dt_bias;
  __device__ std::ptrdiff_t tokens() const { return static_cast<std::ptrdiff_t>(s.batch) * s.length; }
  __device__ float m() const { return s.neg_eigval ? 2.0f : 1.0f; }
  __device__ float a(std::ptrdiff_t row, std::ptrdiff_t h) const { return to_float(a_rows.row(row)[h]); }
  __device__ float b(std::ptrdiff_t row, std::ptrdiff_t h) const { return to_float(b_rows.row(row)[h]); }
};

template <class T>
__global__ void forward(Gates<T> l, Rows<float> g, Rows<float> beta) {
  const std::ptrdiff_t row = element() / l.s.heads;
  const int h = static_cast<int>(element() % l.s.heads);
  if (row >= l.tokens()) return;
  const float a = l.a(row, h), b = l.b(row, h);
  g.row(row)[h] = l.s.sigmoid ? -expf(l.a_log[h]) * softplus(a + l.dt_bias[h]) : logf(a);
  beta.row(row)[h] = l.m() * (l.s.sigmoid ? sigmoid(b) : b);
}

template <class T>
__global__ void backward(Gates<T> l, Rows<const float> d_g, Rows<const float> d_beta, Rows<T> d_a, Rows<T> d_b) {
  const std::ptrdiff_t row = element() / l.s.heads;
  const int h = static_cast<int>(element() % l.s.heads);
  if (row >= l.tokens()) return;
  const float dg = d_g.row(row)[h], db = d_beta.row(row)[h], open = sigmoid(l.b(row, h));
  d_a.row(row)[h] = from_float<T>(l.s.sigmoid ? -dg * expf(l.a_log[h]) * sigmoid(l.a(row, h) + l.dt_bias[h]) : dg / l.a(row, h));
  d_b.row(row)[h] = from_float<T>(l.m() * db * (l.s.sigmoid ? open * (1.0f - open) : 1.0f));
}

/// Columns: A_log of every head, or dt_bias of every head.
template <class T>
struct ParameterTerm {
  Gates<T> l;
  Rows<const float> d_g;
  bool of_bias;
  __device__ float operator()(std::ptrdiff_t row, std::ptrdiff_t h) const {
    const float x = l.a(row, h) + l.dt_bias[h];
    return -d_g.row(row)[h] * expf(l.a_log[h]) * (of_bias ? sigmoid(x) : softplus(x));
  }
};

}  // namespace

template <class T>
void delta_gates_forward(Stream stream, const DeltaGatesShape& s, Rows<const T> a, Rows<const T> b, const float* a_log,
                         const float* dt_bias, Rows<float> g, Rows<float> beta) {
  const Gates<T> gates{s, a, b, a_log, dt_bias};
  launch_elements(stream, "delta_gates_forward", forward<T>, static_cast<std::ptrdiff_t>(s.batch) * s.length * s.heads, gates, g,
                  beta);
}

template <class T>
void delta_gates_backward(Stream stream, const DeltaGatesShape& s, In<T> a, In<T> b, const float* a_log, const float* dt_bias,
                          Rows<const float> d_g, Rows<const float> d_beta, Rows<T> d_a, Rows<T> d_b, float* d_a_log,
                          float* d_dt_bias, float* scratch) {
  const Gates<T> gates{s, a, b, a_log, dt_bias};
  const std::ptrdiff_t tokens = static_cast<std::ptrdiff_t>(s.batch) * s.length;
  if (s.sigmoid) {
    column_sums(stream, "delta_gates_a_log", tokens, s.heads, ParameterTerm<T>{gates, d_g, false}, d_a_log, false, scratch);
    column_sums(stream, "delta_gates_dt_bias", tokens, s.heads, ParameterTerm<T>{gates, d_g, true}, d_dt_bias, false, scratch);
  }
  launch_elements(stream, "delta_gates_backward", backward<T>, tokens * s.heads, gates, d_g, d_beta, d_a, d_b);
}

template void delta_gates_forward(Stream, const DeltaGatesShape&, Rows<const float>, Rows<const float>, const float*, const float*,
                                  Rows<float>, Rows<float>);
template void delta_gates_backward(Stream, const DeltaGatesShape&, In<float>, In<float>, const float*, const float*,
                                   Rows<const float>, Rows<const float>, Rows<float>, Rows<float>, float*, float*, float*);
template void delta_gates_forward(Stream, const DeltaGatesShape&, Rows<const bf16>, Rows<const bf16>, const float*, const float*,
                                  Rows<float>, Rows<float>);
template void delta_gates_backward(Stream, const DeltaGatesShape&, In<bf16>, In<bf16>, const float*, const float*,
                                   Rows<const float>, Rows<const float>, Rows<bf16>, Rows<bf16>, float*, float*, float*);

}  // namespace separatrix::SIMT
