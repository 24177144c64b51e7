// The gated delta rule as its definition says, token by token, with its gradient by hand: the truth in double, the yardstick in
// float.
//   A = alpha S;  p = A^T k (0: nothing is erased);  u = beta (v - p)  [Definition 1: v - beta p];  S = A + k u^T;  o = scale S^T q
#pragma once
#include <cmath>
#include <vector>

#include "kernels/gated_delta_rule/delta.h"

namespace separatrix::test {

template <class T>
struct DeltaTensors {
  std::vector<T> q, k, v, g, beta, state;  // dense, in the layout of DeltaInput
};

template <class T>
struct DeltaResult {
  std::vector<T> o, final_state;
  DeltaTensors<T> gradient;
};

/// One head of one sequence.
template <class T>
class DeltaHeadReference {
 public:
  DeltaHeadReference(const DeltaShape& s, const DeltaForm& form, const DeltaTensors<T>& in, int b, int h)
      : s_(s),
        scale_(form.query_scale),
        write_beta_(form.write_beta),
        erase_(form.erase),
        in_(in),
        b_(b),
        h_(h),
        kh_(h / (s.value_heads / s.key_heads)),
        size_(std::size_t(s.key_dim) * s.value_dim) {}

  void forward(DeltaResult<T>& out) {
    states_.assign(size_ * (s_.length + 1), T(0));
    if (!in_.state.empty())
      for (std::size_t i = 0; i < size_; ++i) states_[i] = in_.state[state_at() + i];
    for (int t = 0; t < s_.length; ++t) {
      const T *S = &states_[size_ * t], *q = &in_.q[key(t)], *k = &in_.k[key(t)], *v = &in_.v[value(t)];
      T* next = &states_[size_ * (t + 1)];
      const T alpha = std::exp(in_.g[gate(t)]), beta = in_.beta[gate(t)];
      for (int j = 0; j < s_.value_dim; ++j) {
        T p = 0, o = 0;
        for (int i = 0; erase_ && i < s_.key_dim; ++i) p += alpha * S[at(i, j)] * k[i];
        const T u = write_beta_ ? beta * (v[j] - p) : v[j] - beta * p;
        for (int i = 0; i < s_.key_dim; ++i) {
          next[at(i, j)] = alpha * S[at(i, j)] + k[i] * u;
          o += next[at(i, j)] * q[i];
        }
        out.o[value(t) + j] = scale_ * o;
      }
    }
    for (std::size_t i = 0; i < size_; ++i) out.final_state[state_at() + i] = states_[size_ * s_.length + i];
  }

  /// After forward; adds to d.gradient.
  void backward(const std::vector<T>& d_o, const std::vector<T>& d_final_state, DeltaTensors<T>& d) {
    std::vector<T> dS(d_final_state.begin() + state_at(), d_final_state.begin() + state_at() + size_);
    for (int t = s_.length - 1; t >= 0; --t) step_back(t, d_o, dS, d);
    for (std::size_t i = 0; i < size_; ++i) d.state[state_at() + i] = dS[i];
  }

 private:
  void step_back(int t, const std::vector<T>& d_o, std::vector<T>& dS, DeltaTensors<T>& d) {
    const T *S = &states_[size_ * t], *next = &states_[size_ * (t + 1)];
    const T *q = &in_.q[key(t)], *k = &in_.k[key(t)], *v = &in_.v[value(t)];
    const T alpha = std::exp(in_.g[gate(t)]), beta = in_.beta[gate(t)];
    T d_alpha = 0, d_beta = 0;
    for (int j = 0; j < s_.value_dim; ++j) {
      const T dout = scale_ * d_o[value(t) + j];
      T p = 0, du = 0;
      for (int i = 0; i < s_.key_dim; ++i) {
        if (erase_) p += alpha * S[at(i, j)] * k[i];
        d.q[key(t) + i] += next[at(i, j)] * dout;
        dS[at(i, j)] += q[i] * dout;
        du += dS[at(i, j)] * k[i];
      }
      const T u = write_beta_ ? beta * (v[j] - p) : v[j] - beta * p, dp = erase_ ? -beta * du : 0;
      d_beta += write_beta_ ? du * (v[j] - p) : -du * p;
      d.v[value(t) + j] += write_beta_ ? beta * du : du;
      for (int i = 0; i < s_.key_dim; ++i) {
        d.k[key(t) + i] += dS[at(i, j)] * u + alpha * S[at(i, j)] * dp;
        dS[at(i, j)] += k[i] * dp;
        d_alpha += dS[at(i, j)] * S[at(i, j)];
        dS[at(i, j)] *= alpha;
      }
    }
    d.g[gate(t)] += alpha * d_alpha;
    d.beta[gate(t)] += d_beta;
  }

  std::size_t at(int i, int j) const { return std::size_t(i) * s_.value_dim + j; }
  std::size_t row(int t) const { return std::size_t(b_) * s_.length + t; }
  std::size_t key(int t) const { return (row(t) * s_.key_heads + kh_) * s_.key_dim; }
  std::size_t value(int t) const { return (row(t) * s_.value_heads + h_) * s_.value_dim; }
  std::size_t gate(int t) const { return row(t) * s_.value_heads + h_; }
  std::size_t state_at() const { return (std::size_t(b_) * s_.value_heads + h_) * size_; }

  DeltaShape s_;
  T scale_;
  bool write_beta_, erase_;
  const DeltaTensors<T>& in_;
  int b_, h_, kh_;
  std::size_t size_;
  std::vector<T> states_;
};

/// Forward and backward of everything; d_o, d_final_state are the gradients of the results.
template <class T>
DeltaResult<T> delta_reference(const DeltaShape& s, const DeltaForm& form, const DeltaTensors<T>& in, const std::vector<T>& d_o,
                               const std::vector<T>& d_final_state) {
  const std::size_t rows = std::size_t(s.batch) * s.length, states = std::size_t(s.batch) * s.value_heads * s.key_dim * s.value_dim;
  DeltaResult<T> r;
  r.o.assign(rows * s.value_heads * s.value_dim, T(0));
  r.final_state.assign(states, T(0));
  r.gradient = {std::vector<T>(in.q.size()), std::vector<T>(in.k.size()),    std::vector<T>(in.v.size()),
                std::vector<T>(in.g.size()), std::vector<T>(in.beta.size()), std::vector<T>(states)};
  for (int b = 0; b < s.batch; ++b) {
    for (int h = 0; h < s.value_heads; ++h) {
      DeltaHeadReference<T> head(s, form, in, b, h);
      head.forward(r);
      head.backward(d_o, d_final_state, r.gradient);
    }
  }
  return r;
}

}  // namespace separatrix::test
