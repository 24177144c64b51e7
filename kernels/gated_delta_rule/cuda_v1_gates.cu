// Gates of the gated delta rule on the GPU (equations: gates.h): one thread per token and head.    v1    not measured
#include "kernels/cuda/column_sums.h"

namespace separatrix::SIMT {
namespace {

struct Gates {
  DeltaGatesShape s;
  Rows<const float> a, b;
  const float *a_log, *dt_bias;
  __device__ std::ptrdiff_t tokens() const { return static_cast<std::ptrdiff_t>(s.batch) * s.length; }
  __device__ float m() const { return s.neg_eigval ? 2.0f : 1.0f; }
  __device__ static float softplus(float x) { return fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x))); }
};

__global__ void forward(Gates l, Rows<float> g, Rows<float> beta) {
  const std::ptrdiff_t row = element() / l.s.heads;
  const int h = static_cast<int>(element() % l.s.heads);
  if (row >= l.tokens()) return;
  const float a = l.a.row(row)[h], b = l.b.row(row)[h];
  g.row(row)[h] = l.s.sigmoid ? -expf(l.a_log[h]) * Gates::softplus(a + l.dt_bias[h]) : logf(a);
  beta.row(row)[h] = l.m() * (l.s.sigmoid ? sigmoid(b) : b);
}

__global__ void backward(Gates l, Rows<const float> d_g, Rows<const float> d_beta, Rows<float> d_a, Rows<float> d_b) {
  const std::ptrdiff_t row = element() / l.s.heads;
  const int h = static_cast<int>(element() % l.s.heads);
  if (row >= l.tokens()) return;
  const float dg = d_g.row(row)[h], db = d_beta.row(row)[h], open = sigmoid(l.b.row(row)[h]);
  d_a.row(row)[h] = l.s.sigmoid ? -dg * expf(l.a_log[h]) * sigmoid(l.a.row(row)[h] + l.dt_bias[h]) : dg / l.a.row(row)[h];
  d_b.row(row)[h] = l.m() * db * (l.s.sigmoid ? open * (1.0f - open) : 1.0f);
}

/// Columns: A_log of every head, or dt_bias of every head.
struct ParameterTerm {
  Gates l;
  Rows<const float> d_g;
  bool of_bias;
  __device__ float operator()(std::ptrdiff_t row, std::ptrdiff_t h) const {
    const float x = l.a.row(row)[h] + l.dt_bias[h];
    return -d_g.row(row)[h] * expf(l.a_log[h]) * (of_bias ? sigmoid(x) : Gates::softplus(x));
  }
};

}  // namespace

void delta_gates_forward(Stream stream, const DeltaGatesShape& s, Rows<const float> a, Rows<const float> b, const float* a_log,
                         const float* dt_bias, Rows<float> g, Rows<float> beta) {
  const Gates gates{s, a, b, a_log, dt_bias};
  launch_elements(stream, "delta_gates_forward", forward, static_cast<std::ptrdiff_t>(s.batch) * s.length * s.heads, gates, g,
                  beta);
}

void delta_gates_backward(Stream stream, const DeltaGatesShape& s, Rows<const float> a, Rows<const float> b, const float* a_log,
                          const float* dt_bias, Rows<const float> d_g, Rows<const float> d_beta, Rows<float> d_a, Rows<float> d_b,
                          float* d_a_log, float* d_dt_bias, float* scratch) {
  const Gates gates{s, a, b, a_log, dt_bias};
  const std::ptrdiff_t tokens = static_cast<std::ptrdiff_t>(s.batch) * s.length;
  // Before d_a, which may be d_g.
  if (s.sigmoid) {
    column_sums(stream, "delta_gates_a_log", tokens, s.heads, ParameterTerm{gates, d_g, false}, d_a_log, false, scratch);
    column_sums(stream, "delta_gates_dt_bias", tokens, s.heads, ParameterTerm{gates, d_g, true}, d_dt_bias, false, scratch);
  }
  launch_elements(stream, "delta_gates_backward", backward, tokens * s.heads, gates, d_g, d_beta, d_a, d_b);
}

}  // namespace separatrix::SIMT
