// The chunked gated delta rule with the roundings of flash-linear-attention's kernels (chunk 64): unit q and k, A, W, U, V', P and
// the state as an operand are rounded to bf16, sums are fp32.  What a kernel with bf16 outside is compared with.  One head, forward
// only.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace separatrix::test {

inline float rounded_to_bf16(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  bits = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

struct FlaRoundings {
  using Floats = std::vector<float>;
  static constexpr int most = 64;
  int key_dim, value_dim;

  /// o (length, value_dim), rounded to bf16.  q, k (length, key_dim) not yet divided; the state starts as zero.
  Floats operator()(int length, float query_scale, const Floats& q, const Floats& k, const Floats& v, const Floats& g,
                    const Floats& beta) const {
    const Floats unit_q = unit(q), unit_k = unit(k);
    Floats state(key_dim * value_dim, 0.0f), o(length * value_dim);
    for (int first = 0; first < length; first += most)
      chunk(first, std::min(most, length - first), query_scale, unit_q, unit_k, v, g, beta, state, o);
    return o;
  }

 private:
  Floats unit(const Floats& x) const {
    Floats y(x.size());
    for (std::size_t r = 0; r < x.size(); r += key_dim) {
      float sum = 1e-6f;
      for (int i = 0; i < key_dim; ++i) sum += x[r + i] * x[r + i];
      for (int i = 0; i < key_dim; ++i) y[r + i] = rounded_to_bf16(x[r + i] / std::sqrt(sum));
    }
    return y;
  }

  float dot(const Floats& a, const Floats& b, int i, int j) const {
    float sum = 0;
    for (int m = 0; m < key_dim; ++m) sum += a[i * key_dim + m] * b[j * key_dim + m];
    return sum;
  }

  /// Row by row: (I + L)^-1, rounded.
  Floats inverse(int first, int n, const Floats& k, const Floats& beta, const Floats& gamma) const {
    Floats a(n * n, 0.0f);
    for (int i = 0; i < n; ++i) {
      a[i * n + i] = 1;
      for (int m = 0; m < i; ++m) {
        const float l = beta[first + i] * dot(k, k, first + i, first + m) * std::exp(gamma[i] - gamma[m]);
        for (int j = 0; j <= m; ++j) a[i * n + j] -= l * a[m * n + j];
      }
    }
    for (float& e : a) e = rounded_to_bf16(e);
    return a;
  }

  void chunk(int first, int n, float scale, const Floats& q, const Floats& k, const Floats& v, const Floats& g, const Floats& beta,
             Floats& state, Floats& o) const {
    Floats gamma(n), narrow(state);
    for (int i = 0; i < n; ++i) gamma[i] = (i ? gamma[i - 1] : 0) + g[first + i];
    for (float& e : narrow) e = rounded_to_bf16(e);
    const Floats a = inverse(first, n, k, beta, gamma);
    Floats fresh(n * value_dim);
    for (int i = 0; i < n; ++i) {
      Floats w(key_dim, 0.0f);
      for (int j = 0; j <= i; ++j)
        for (int m = 0; m < key_dim; ++m)
          w[m] += a[i * n + j] * rounded_to_bf16(beta[first + j] * std::exp(gamma[j]) * k[(first + j) * key_dim + m]);
      for (int c = 0; c < value_dim; ++c) {
        float u = 0, ws = 0;
        for (int j = 0; j <= i; ++j) u += a[i * n + j] * rounded_to_bf16(beta[first + j] * v[(first + j) * value_dim + c]);
        for (int m = 0; m < key_dim; ++m) ws += rounded_to_bf16(w[m]) * narrow[m * value_dim + c];
        fresh[i * value_dim + c] = rounded_to_bf16(u) - ws;
      }
    }
    for (int i = 0; i < n; ++i) {
      Floats p(n);
      for (int j = 0; j <= i; ++j) p[j] = rounded_to_bf16(dot(q, k, first + i, first + j) * std::exp(gamma[i] - gamma[j]));
      for (int c = 0; c < value_dim; ++c) {
        float sum = 0, held = 0;
        for (int j = 0; j <= i; ++j) sum += p[j] * rounded_to_bf16(fresh[j * value_dim + c]);
        for (int m = 0; m < key_dim; ++m) held += q[(first + i) * key_dim + m] * narrow[m * value_dim + c];
        o[(first + i) * value_dim + c] = rounded_to_bf16(scale * (std::exp(gamma[i]) * held + sum));
      }
    }
    for (int m = 0; m < key_dim; ++m)
      for (int c = 0; c < value_dim; ++c) {
        float sum = 0;
        for (int j = 0; j < n; ++j)
          sum += k[(first + j) * key_dim + m] * rounded_to_bf16(std::exp(gamma[n - 1] - gamma[j]) * fresh[j * value_dim + c]);
        state[m * value_dim + c] = std::exp(gamma[n - 1]) * state[m * value_dim + c] + sum;
      }
  }
};

}  // namespace separatrix::test
