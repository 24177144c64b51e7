// One token: S <- alpha S;  u = beta (v - S^T k)  [Definition 1: v - beta S^T k];  S <- S + k u^T;  o = scale S^T q.
// v1  one block per sequence, head and slab of 32 columns, its part of the state in registers: read once, written once
//     floor: state bytes twice over the memory's bandwidth    not measured
#include "kernels/gated_delta_rule/cuda_launch.h"

namespace separatrix::SIMT {
namespace {

constexpr int parts = delta_threads / slab;  // threads that share a column

/// q (part 0) or k of one row in shared memory, with its norm and scale.
template <class T, int keys>
__device__ void load_key(const T* x, int dim, bool unit, float scale, float* to, float* sums) {
  const int j = threadIdx.x;
  const float e = j < dim ? to_float(x[j]) : 0.0f;
  const float squares = block_sum(e * e, sums);
  if (j < keys) to[j] = scale * (unit ? e * (1.0f / sqrtf(squares + 1e-6f)) : e);
}

/// grid (sequences, value_heads, slabs)
template <class T, int keys>
__global__ void __launch_bounds__(delta_threads)
    decode(DeltaSizes s, DeltaOptions o, DeltaArguments<T> in, float* all_states, Rows<T> out) {
  constexpr int own = keys / parts;
  const int n = blockIdx.x, h = blockIdx.y, kh = h / (s.value_heads / s.key_heads);
  const int part = threadIdx.x / slab, lane = threadIdx.x % slab, column = blockIdx.z * slab + lane;
  const bool there = column < s.value_dim;
  float* state = all_states + (static_cast<std::size_t>(n) * s.value_heads + h) * s.key_dim * s.value_dim + column;
  float mine[own], sum = 0;
#pragma unroll
  for (int e = 0; e < own; ++e) {  // on their way while q and k are read and normalised
    const int i = part + e * parts;
    mine[e] = there && i < s.key_dim ? state[static_cast<std::size_t>(i) * s.value_dim] : 0.0f;
  }
  SharedPieces pieces(shared_memory());
  float *q = pieces.take(keys), *k = pieces.take(keys), *sums = pieces.take(delta_threads);
  load_key<T, keys>(in.q.row(n) + kh * s.key_dim, s.key_dim, o.unit_keys, o.query_scale, q, sums);
  load_key<T, keys>(in.k.row(n) + kh * s.key_dim, s.key_dim, o.unit_keys, 1.0f, k, sums);
  __syncthreads();
  const float alpha = expf(in.g.row(n)[h]), beta = in.beta.row(n)[h];
#pragma unroll
  for (int e = 0; e < own; ++e) {
    mine[e] *= alpha;
    sum = fmaf(mine[e], k[part + e * parts], sum);
  }
  const auto over_parts = [&](float x) {
    sums[threadIdx.x] = x;
    __syncthreads();
    float total = 0;
    for (int p = 0; p < parts; ++p) total += sums[p * slab + lane];
    __syncthreads();
    return total;
  };
  const float held = over_parts(sum), v = there ? to_float(in.v.row(n)[h * s.value_dim + column]) : 0.0f;
  const float u = o.write_beta ? beta * (v - held) : v - beta * held;
  sum = 0;
#pragma unroll
  for (int e = 0; e < own; ++e) {
    const int i = part + e * parts;
    mine[e] = fmaf(k[i], u, mine[e]);
    sum = fmaf(mine[e], q[i], sum);
    if (there && i < s.key_dim) state[static_cast<std::size_t>(i) * s.value_dim] = mine[e];
  }
  const float result = over_parts(sum);
  if (there && part == 0) out.row(n)[h * s.value_dim + column] = from_float<T>(result);
}

}  // namespace

template <class T>
void delta_decode(Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<T>& in, float* state,
                  Rows<T> out) {
  check_delta(s);
  const Dim3 grid{static_cast<unsigned>(s.sequences), static_cast<unsigned>(s.value_heads),
                  static_cast<unsigned>(padded_values(s.value_dim) / slab)};
  for_keys(s.key_dim, [&](auto size) {
    constexpr int keys = decltype(size)::value;
    launch(stream, "delta_decode", decode<T, keys>, grid, Dim3{delta_threads, 1, 1}, bytes(2 * keys + delta_threads), s, o, in,
           state, out);
  });
}
template void delta_decode(Stream, const DeltaSizes&, const DeltaOptions&, const DeltaArguments<float>&, float*, Rows<float>);
template void delta_decode(Stream, const DeltaSizes&, const DeltaOptions&, const DeltaArguments<bf16>&, float*, Rows<bf16>);

}  // namespace separatrix::SIMT
