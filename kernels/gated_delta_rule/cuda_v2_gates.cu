// Gates of the gated delta rule on the GPU (equations: gates.h).    not measured
// v1  one thread per token and head, which divides its number by the heads; two more passes for the gradients of A_log and dt_bias
// v2  heads and tokens are the block's; those gradients are summed up on the way, and each block leaves its sums      default
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

constexpr unsigned threads = 256, most_heads = 32;  // of a block

/// How a block lies over tokens and heads: a thread has one head, and every `apart`-th token from `first` on.
struct GatePlace {
  int h;
  std::ptrdiff_t first, apart;
  __device__ GatePlace()
      : h(static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x)),
        first(static_cast<std::ptrdiff_t>(blockIdx.x) * blockDim.y + threadIdx.y),
        apart(static_cast<std::ptrdiff_t>(gridDim.x) * blockDim.y) {}
};

template <class T>
__global__ void forward(Gates<T> l, Rows<float> g, Rows<float> beta) {
  const GatePlace at;
  if (at.h >= l.s.heads) return;
  for (std::ptrdiff_t row = at.first; row < l.tokens(); row += at.apart) {
    const float a = l.a(row, at.h), b = l.b(row, at.h);
    g.row(row)[at.h] = l.s.sigmoid ? -expf(l.a_log[at.h]) * softplus(a + l.dt_bias[at.h]) : logf(a);
    beta.row(row)[at.h] = l.m() * (l.s.sigmoid ? sigmoid(b) : b);
  }
}

/// partial (2, blocks, heads): the block's sums of the gradients of A_log, then of dt_bias; only with the sigmoid.
template <class T>
__global__ void __launch_bounds__(threads)
    backward(Gates<T> l, Rows<const float> d_g, Rows<const float> d_beta, Rows<T> d_a, Rows<T> d_b, float* partial) {
  const GatePlace at;
  float sums[2] = {0, 0};
  if (at.h < l.s.heads) {
    const float rate = l.s.sigmoid ? expf(l.a_log[at.h]) : 0.0f, bias = l.s.sigmoid ? l.dt_bias[at.h] : 0.0f;
    for (std::ptrdiff_t row = at.first; row < l.tokens(); row += at.apart) {
      const float dg = d_g.row(row)[at.h], db = d_beta.row(row)[at.h], open = sigmoid(l.b(row, at.h)), x = l.a(row, at.h) + bias;
      const float d_x = -dg * rate * sigmoid(x);
      sums[0] -= dg * rate * softplus(x), sums[1] += d_x;
      d_a.row(row)[at.h] = from_float<T>(l.s.sigmoid ? d_x : dg / x);
      d_b.row(row)[at.h] = from_float<T>(l.m() * db * (l.s.sigmoid ? open * (1.0f - open) : 1.0f));
    }
  }
  if (!l.s.sigmoid) return;
  float* all = shared_memory();  // (2, tokens of the block, heads of the block)
  const unsigned mine = threadIdx.y * blockDim.x + threadIdx.x;
  all[mine] = sums[0], all[threads + mine] = sums[1];
  __syncthreads();
  if (threadIdx.y > 0 || at.h >= l.s.heads) return;
  for (int which = 0; which < 2; ++which) {
    float sum = 0;
    for (unsigned i = 0; i < blockDim.y; ++i) sum += all[which * threads + i * blockDim.x + threadIdx.x];
    partial[(static_cast<std::ptrdiff_t>(which) * gridDim.x + blockIdx.x) * l.s.heads + at.h] = sum;
  }
}

struct GateGrid {
  Dim3 grid, block;
  explicit GateGrid(const DeltaGatesShape& s) {
    const auto heads = static_cast<unsigned>(s.heads);
    unsigned across = 1;
    while (across < heads && across < most_heads) across *= 2;
    block = Dim3{across, threads / across, 1};
    const int all = blocks_for(static_cast<std::ptrdiff_t>(s.batch) * s.length, static_cast<int>(block.y));
    grid = Dim3{static_cast<unsigned>(all < most_partials ? all : most_partials), (heads + across - 1) / across, 1};
  }
};

}  // namespace

template <class T>
void delta_gates_forward(Stream stream, const DeltaGatesShape& s, Rows<const T> a, Rows<const T> b, const float* a_log,
                         const float* dt_bias, Rows<float> g, Rows<float> beta) {
  const Gates<T> gates{s, a, b, a_log, dt_bias};
  const GateGrid place(s);
  launch(stream, "delta_gates_forward", forward<T>, place.grid, place.block, std::size_t{0}, gates, g, beta);
}

template <class T>
void delta_gates_backward(Stream stream, const DeltaGatesShape& s, In<T> a, In<T> b, const float* a_log, const float* dt_bias,
                          Rows<const float> d_g, Rows<const float> d_beta, Rows<T> d_a, Rows<T> d_b, float* d_a_log,
                          float* d_dt_bias, float* scratch) {
  const Gates<T> gates{s, a, b, a_log, dt_bias};
  const GateGrid place(s);
  launch(stream, "delta_gates_backward", backward<T>, place.grid, place.block, 2 * threads * sizeof(float), gates, d_g, d_beta, d_a, d_b,
         scratch);
  if (!s.sigmoid) return;
  const auto blocks = static_cast<std::ptrdiff_t>(place.grid.x);
  add_partials(stream, "delta_gates_a_log", blocks, s.heads, scratch, d_a_log, false);
  add_partials(stream, "delta_gates_dt_bias", blocks, s.heads, scratch + blocks * s.heads, d_dt_bias, false);
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
