// Backward of the chunked gated delta rule in three kernels; dS' = gradient of the state after the chunk, S the state before it:
//   scan back (last chunk to first)   dV' = P^T dO + D o (K dS')    dX = A^T dV'    dV = B dX
//                                     dS  = e^{gamma_n} dS' + (E o Q)^T dO - (B E o K)^T dX
//   gradients (all chunks at once)    dP  = tril(dO V'^T)           dL = -stril(dX V'^T)
//                                     dQ  = E o (dO S^T) + (dP o G) K           T = (dL o G) K - E o (dX S^T)
//                                     dK  = (dP o G)^T Q + D o (V' dS'^T) + B T + (dL o G)^T B K
//                                     dbeta_i = <K_i, T_i> + <dX_i, V_i>        dg: below
//   finish                            sums over the value heads of a key head; the gradient of the unit norm
// Definition 1: dV = dX, dbeta without <dX, V>.  dg_t gathers what every decay that contains g_t hands back; each term is added
// once, none is subtracted again:
//   dg_t = sum_{i >= t > j} (dP o P + dL o L)_ij                            pairs
//        + sum_{i >= t} (<E_i (dO S^T)_i, Q_i> - beta_i E_i <(dX S^T)_i, K_i>)      E
//        + sum_{i < t} D_i <(V' dS'^T)_i, K_i> + e^{gamma_n} <S, dS'>               D, whole chunk
#pragma once
#include "kernels/gated_delta_rule/cuda_scan_back.h"

namespace separatrix::SIMT {

inline std::size_t gradient_floats(int keys) {
  return 4 * chunk * (keys + pad) + 3 * chunk * chunk_row + keys * slab_row + 2 * chunk * slab_row + Decays::floats + 4 * chunk +
         delta_threads / warp_size;
}

/// out_i = <x_i, y_i> over `keys` columns; one warp a row.
template <int keys>
__device__ void row_dots(const float* x, const float* y, float* out) {
  const int lane = threadIdx.x % warp_size;
  for (int i = threadIdx.x / warp_size; i < chunk; i += blockDim.x / warp_size) {
    float sum = 0;
    for (int m = lane; m < keys; m += warp_size) sum = fmaf(x[i * (keys + pad) + m], y[i * (keys + pad) + m], sum);
    sum = warp_sum(sum);
    if (lane == 0) out[i] = sum;
  }
}

/// One chunk of one value head; the members are pieces of shared memory, the methods the paragraphs of delta_gradients.
template <class T, class Product, int keys>
struct GradientChunk {
  static constexpr int key_row = keys + pad;
  const DeltaSizes& s;
  const DeltaOptions& o;
  const DeltaArguments<T>& in;
  ChunkPlace at;
  int h, values;
  const float *saved_p, *saved_values, *states, *d_x, *d_states;  // of this chunk and head, in global memory
  float *q, *k, *from_state, *t;                                  // (chunk, key_row); t also in the making
  float *d_p, *d_l, *both;                                        // (chunk, chunk_row)
  float *state, *left, *right;                                    // (keys, slab_row), (chunk, slab_row) twice
  float *d_start, *d_end, *d_pair, *dots, *sums;                  // (chunk) four times, one per warp
  Decays decays;

  __device__ GradientChunk(const DeltaSizes& sizes, const DeltaOptions& options, const DeltaArguments<T>& arguments,
                           const ChunkPlace& place, int head_index, const DeltaSaved& saved, const DeltaScratch& scratch,
                           SharedPieces pieces)
      : s(sizes), o(options), in(arguments), at(place), h(head_index), values(padded_values(sizes.value_dim)), decays(pieces.next) {
    const std::size_t head = static_cast<std::size_t>(at.slot) * s.value_heads + h;
    saved_p = saved.p + head * chunk * chunk, saved_values = saved.values + head * chunk * values;
    states = saved.states + head * keys * values;
    d_x = scratch.d_x + head * chunk * values, d_states = scratch.d_states + head * keys * values;
    pieces.take(Decays::floats);
    q = pieces.take(chunk * key_row), k = pieces.take(chunk * key_row);
    from_state = pieces.take(chunk * key_row), t = pieces.take(chunk * key_row);
    d_p = pieces.take(chunk * chunk_row), d_l = pieces.take(chunk * chunk_row), both = pieces.take(chunk * chunk_row);
    state = pieces.take(keys * slab_row), left = pieces.take(chunk * slab_row), right = pieces.take(chunk * slab_row);
    d_start = pieces.take(chunk), d_end = pieces.take(chunk), d_pair = pieces.take(chunk), dots = pieces.take(chunk);
    sums = pieces.take(delta_threads / warp_size);
  }

  __device__ void load(const DeltaSaved& saved) {
    const int kh = h / (s.value_heads / s.key_heads);
    load_rows(in.q, at, kh * s.key_dim, s.key_dim, keys, o.query_scale, saved_norms(s, o, saved, at.slot, kh, 0), q, key_row);
    load_rows(in.k, at, kh * s.key_dim, s.key_dim, keys, 1.0f, saved_norms(s, o, saved, at.slot, kh, 1), k, key_row);
    decays.load(in.g, in.beta, at, h);
    __syncthreads();
  }

  /// to += or = x B with B = `state` transposed.
  __device__ void times_state(const float* x, float* to, bool first) {
    Product::template run<chunk, keys>(
        slab, [&](int i, int m) { return x[i * slab_row + m]; }, [&](int m, int j) { return state[j * slab_row + m]; },
        [&](int i, int j, float sum) { to[i * key_row + j] = first ? sum : to[i * key_row + j] + sum; });
  }

  /// Slab by slab: d_p = dO V'^T, d_l = -dX V'^T, from_state = dO S^T, t = dX S^T.
  __device__ void products_with_values(Rows<const T> d_out) {
    for (int column = 0; column < values; column += slab) {
      load_block(states, values, column, keys, slab, state, slab_row);
      load_block(saved_values, values, column, chunk, slab, right, slab_row);
      for (const bool outer : {true, false}) {
        if (outer)
          load_rows(d_out, at, h * s.value_dim + column, s.value_dim - column, slab, 1.0f, nullptr, left, slab_row);
        else
          load_block(d_x, values, column, chunk, slab, left, slab_row);
        __syncthreads();
        float* to = outer ? d_p : d_l;
        const float sign = outer ? 1.0f : -1.0f;
        Product::template run<chunk, chunk>(
            slab, [&](int i, int m) { return left[i * slab_row + m]; }, [&](int m, int j) { return right[j * slab_row + m]; },
            [&](int i, int j, float sum) {
              float& e = to[i * chunk_row + j];
              e = column == 0 ? sign * sum : fmaf(sign, sum, e);
            });
        times_state(left, outer ? from_state : t, column == 0);
        __syncthreads();
      }
    }
  }

  /// d_p -> tril(dP) o G, d_l -> stril(dL) o G, and what pairs of tokens hand to dg.
  __device__ void pairs() {
    Product::template run<chunk, chunk>(
        keys, [&](int i, int m) { return k[i * key_row + m]; }, [&](int m, int j) { return k[j * key_row + m]; },
        [&](int i, int j, float kk) {
          const int e = i * chunk_row + j;
          const float g = j <= i ? decays.pair(i, j) : 0.0f, l = decays.beta[i] * g * kk;
          both[e] = j < i ? fmaf(d_p[e], saved_p[i * chunk + j], d_l[e] * l) : 0.0f;
          d_p[e] = j <= i ? d_p[e] * g : 0.0f;
          d_l[e] = j < i ? d_l[e] * g : 0.0f;
        });
    __syncthreads();
    const int t_here = threadIdx.x;
    if (t_here < chunk)
      for (int i = chunk - 2; i >= 0; --i) both[i * chunk_row + t_here] += both[(i + 1) * chunk_row + t_here];
    __syncthreads();
    if (t_here < chunk) {
      float sum = 0;
      for (int j = 0; j < t_here; ++j) sum += both[t_here * chunk_row + j];
      d_pair[t_here] = sum;
    }
  }

  /// dQ to global memory; t becomes T; d_start.
  __device__ void query_gradient(float* d_q) {
    row_dots<keys>(from_state, q, d_start);
    row_dots<keys>(t, k, dots);
    __syncthreads();
    if (threadIdx.x < chunk) {
      const int i = threadIdx.x;
      d_start[i] = decays.from_start[i] * (d_start[i] - decays.beta[i] * dots[i]);
    }
    Product::template run<chunk, keys>(
        chunk, [&](int i, int m) { return d_p[i * chunk_row + m]; }, [&](int m, int j) { return k[m * key_row + j]; },
        [&](int i, int j, float sum) { d_q[i * keys + j] = fmaf(decays.from_start[i], from_state[i * key_row + j], sum); });
    Product::template run<chunk, keys>(
        chunk, [&](int i, int m) { return d_l[i * chunk_row + m]; }, [&](int m, int j) { return k[m * key_row + j]; },
        [&](int i, int j, float sum) { t[i * key_row + j] = fmaf(-decays.from_start[i], t[i * key_row + j], sum); });
    __syncthreads();
  }

  /// dK to global memory; d_end.
  __device__ void key_gradient(float* d_k) {
    for (int column = 0; column < values; column += slab) {
      load_block(d_states, values, column, keys, slab, state, slab_row);
      load_block(saved_values, values, column, chunk, slab, left, slab_row);
      __syncthreads();
      times_state(left, from_state, column == 0);
      __syncthreads();
    }
    row_dots<keys>(from_state, k, d_end);
    Product::template run<chunk, keys>(
        2 * chunk, [&](int i, int m) { return m < chunk ? d_p[m * chunk_row + i] : d_l[(m - chunk) * chunk_row + i]; },
        [&](int m, int j) { return m < chunk ? q[m * key_row + j] : decays.beta[m - chunk] * k[(m - chunk) * key_row + j]; },
        [&](int i, int j, float sum) {
          const int e = i * key_row + j;
          d_k[i * keys + j] = fmaf(decays.to_end[i], from_state[e], fmaf(decays.beta[i], t[e], sum));
        });
    row_dots<keys>(k, t, dots);
    __syncthreads();
  }

  /// dbeta and dg.
  __device__ void gate_gradients(Rows<float> d_g, Rows<float> d_beta) {
    float whole = 0;
    for (int e = threadIdx.x; e < keys * values; e += blockDim.x) whole = fmaf(states[e], d_states[e], whole);
    whole = decays.whole() * block_sum(whole, sums);
    const int lane = threadIdx.x % warp_size;
    for (int i = threadIdx.x / warp_size; i < at.count; i += blockDim.x / warp_size) {
      float sum = 0;
      for (int j = lane; o.write_beta && j < s.value_dim; j += warp_size)
        sum = fmaf(d_x[i * values + j], to_float(in.v.row(at.first + i)[h * s.value_dim + j]), sum);
      sum = warp_sum(sum);
      if (lane == 0) d_beta.row(at.first + i)[h] = dots[i] + sum;
    }
    const int t_here = threadIdx.x;
    if (t_here >= at.count) return;
    float starts = 0, ends = 0;
    for (int i = chunk - 1; i >= t_here; --i) starts += d_start[i];
    for (int i = 0; i < t_here; ++i) ends = fmaf(decays.to_end[i], d_end[i], ends);
    d_g.row(at.first + t_here)[h] = ((d_pair[t_here] + ends) + starts) + whole;
  }
};

/// grid (slots, value_heads).  Two blocks a multiprocessor: without saying so, nvcc spills registers.
template <class T, class Product, int keys>
__global__ void __launch_bounds__(delta_threads, 2)
    delta_gradients(DeltaSizes s, DeltaOptions o, DeltaArguments<T> in, DeltaSaved saved, Rows<const T> d_out, Rows<float> d_g,
                    Rows<float> d_beta, DeltaScratch scratch) {
  const ChunkPlace at = place_of_slot(s, blockIdx.x);
  if (at.count <= 0) return;
  const std::size_t head = static_cast<std::size_t>(at.slot) * s.value_heads + blockIdx.y;
  GradientChunk<T, Product, keys> c(s, o, in, at, blockIdx.y, saved, scratch, SharedPieces(shared_memory()));
  c.load(saved);
  c.products_with_values(d_out);
  c.pairs();
  c.query_gradient(scratch.d_q + head * chunk * keys);
  c.key_gradient(scratch.d_k + head * chunk * keys);
  c.gate_gradients(d_g, d_beta);
}

/// grid (slots, key_heads): one warp a row.
template <class T, int keys>
__global__ void __launch_bounds__(delta_threads) delta_finish(DeltaSizes s, DeltaOptions o, DeltaArguments<T> in, DeltaSaved saved,
                                                              DeltaScratch scratch, Rows<T> d_q, Rows<T> d_k) {
  const ChunkPlace at = place_of_slot(s, blockIdx.x);
  const int kh = blockIdx.y, group = s.value_heads / s.key_heads, lane = threadIdx.x % warp_size;
  constexpr int most = (keys + warp_size - 1) / warp_size;
  for (int i = threadIdx.x / warp_size; i < at.count; i += blockDim.x / warp_size)
    for (int part = 0; part < 2; ++part) {
      const float* from = part == 0 ? scratch.d_q : scratch.d_k;
      const Rows<const T> x = part == 0 ? in.q : in.k;
      const float* norms = saved_norms(s, o, saved, at.slot, kh, part);
      float d[most], along = 0;
#pragma unroll
      for (int e = 0; e < most; ++e) {
        const int j = lane + e * warp_size;
        d[e] = 0;
        if (j >= s.key_dim) continue;
        for (int member = 0; member < group; ++member) {
          const std::size_t head = static_cast<std::size_t>(at.slot) * s.value_heads + kh * group + member;
          d[e] += from[(head * chunk + i) * keys + j];
        }
        if (part == 0) d[e] *= o.query_scale;
        if (norms) along = fmaf(d[e], norms[i] * to_float(x.row(at.first + i)[kh * s.key_dim + j]), along);
      }
      // Of x / |x|: (d - unit <unit, d>) / |x|.
      along = warp_sum(along);
      T* to = (part == 0 ? d_q : d_k).row(at.first + i) + kh * s.key_dim;
#pragma unroll
      for (int e = 0; e < most; ++e) {
        const int j = lane + e * warp_size;
        if (j >= s.key_dim) continue;
        const float unit = norms ? norms[i] * to_float(x.row(at.first + i)[kh * s.key_dim + j]) : 0.0f;
        to[j] = from_float<T>(norms ? norms[i] * (d[e] - unit * along) : d[e]);
      }
    }
}

}  // namespace separatrix::SIMT
