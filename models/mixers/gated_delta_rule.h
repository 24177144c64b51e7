// Gated delta rule.  State S (value_dim, key_dim), S_0 = 0; per token and head
//   S_t = alpha_t S_{t-1} (I - erase_t k_t k_t^T) + write_t v_t k_t^T,      o_t = S_t q_t.
// Paper, Definition 1:      erase = 2 beta, write = 1       (gates = direct, keys = as_given, write = plain)
// Production (Yang et al. 2024, Grazzi et al. 2025):  erase = write = 2 sigmoid(b), alpha = exp(-exp(A_log) softplus(a + dt_bias)),
//   short convolutions, SiLU, unit keys, q / sqrt(key_dim), gated RMSNorm of the output.
// erase = 2 and |k| = 1 make the step a reflection: the swap.  With the setting erase = false, erase_t = 0: gated linear attention.
#pragma once
#include "models/blocks/norm.h"
#include "models/mixers/short_conv.h"

namespace separatrix {

/// One step of one head: S <- alpha S (I - erase k k^T) + write v k^T.
template <Field T>
void delta_step(Matrix<T>& S, std::span<const T> k, std::span<const T> v, const T& alpha, const T& erase, const T& write) {
  for (std::size_t i = 0; i < S.rows(); ++i) {
    const T error = write * v[i] - alpha * erase * dot<T>(S.row(i), k);
    for (std::size_t j = 0; j < S.cols(); ++j) S(i, j) = alpha * S(i, j) + error * k[j];
  }
}

/// x / sqrt(|x|^2 + 1e-6), as flash-linear-attention and OlmoHybrid do.
template <Real T>
void make_unit(std::span<T> x) {
  const T scale = T(1) / sqrt(dot<T>(x, x) + round_cast<T>(1e-6));
  for (T& e : x) e = e * scale;
}

template <Field T>
class GatedDeltaRuleLayer {
 public:
  struct State {
    std::vector<Matrix<T>> heads;  // value_heads times (value_dim, key_dim)
    typename ShortConv<T>::State q, k, v;
    bool operator==(const State&) const = default;
  };

  GatedDeltaRuleLayer(const GatedDeltaRule& settings, const LayerWeights<T>& w)
      : s_(settings), w_q_(w.matrix("linear_attn.q_proj.weight")) {
    const auto matrix = [&](const char* name) { return w.matrix(std::string("linear_attn.") + name); };
    const auto vector = [&](const char* name) { return w.vector(std::string("linear_attn.") + name); };
    w_k_ = matrix("k_proj.weight"), w_v_ = matrix("v_proj.weight"), w_a_ = matrix("a_proj.weight"), w_b_ = matrix("b_proj.weight");
    w_o_ = matrix("o_proj.weight");
    if (s_.output_gate) w_g_ = matrix("g_proj.weight");
    if (s_.gates == Gates::sigmoid) a_log_ = vector("A_log"), dt_bias_ = vector("dt_bias");
    if (s_.output_norm) o_norm_ = vector("o_norm.weight");
    if (s_.conv > 0) {
      conv_q_ = ShortConv<T>(matrix("q_conv1d.weight"));
      conv_k_ = ShortConv<T>(matrix("k_conv1d.weight"));
      conv_v_ = ShortConv<T>(matrix("v_conv1d.weight"));
    }
  }

  State start() const {
    State state;
    state.heads.assign(s_.value_heads, Matrix<T>(s_.value_dim, s_.key_dim));
    if (s_.conv > 0) state.q = conv_q_.start(), state.k = conv_k_.start(), state.v = conv_v_.start();
    return state;
  }

  /// One more token, x (width), whose output nobody reads.
  void read(State& state, const Row<T>& x) const { step(state, x); }

  /// x (width) -> y (width).
  Row<T> step(State& state, const Row<T>& x) const {
    Row<T> q = features(conv_q_, state.q, w_q_, x), k = features(conv_k_, state.k, w_k_, x);
    const Row<T> v = features(conv_v_, state.v, w_v_, x);
    const Row<T> a = matvec(w_a_, x), b = matvec(w_b_, x);
    for (int h = 0; h < s_.key_heads; ++h) prepare_head(part(q, h, s_.key_dim), part(k, h, s_.key_dim));
    Row<T> y;  // (value_heads * value_dim)
    for (int h = 0; h < s_.value_heads; ++h) {
      const int kh = h / (s_.value_heads / s_.key_heads);
      const T strength = s_.neg_eigval ? beta(b[h]) + beta(b[h]) : beta(b[h]);
      const T erase = s_.erase ? strength : T(0), write = s_.write == Write::beta ? strength : T(1);
      delta_step<T>(state.heads[h], part(k, kh, s_.key_dim), part(v, h, s_.value_dim), alpha(a[h], h), erase, write);
      Row<T> o;
      for (int i = 0; i < s_.value_dim; ++i) o.push_back(dot<T>(state.heads[h].row(i), part(q, kh, s_.key_dim)));
      if (s_.output_norm) o = normed(o);
      y.insert(y.end(), o.begin(), o.end());
    }
    if (s_.output_gate) gate(y, matvec(w_g_, x));
    return matvec(w_o_, y);
  }

 private:
  static std::span<T> part(Row<T>& x, int head, int size) { return {x.data() + head * size, static_cast<std::size_t>(size)}; }
  static std::span<const T> part(const Row<T>& x, int head, int size) {
    return {x.data() + head * size, static_cast<std::size_t>(size)};
  }

  Row<T> features(const ShortConv<T>& conv, typename ShortConv<T>::State& state, const Matrix<T>& w, const Row<T>& x) const {
    Row<T> y = matvec(w, x);
    if (s_.conv > 0) y = conv.step(state, y);
    if (!s_.silu) return y;
    if constexpr (Real<T>) {
      for (T& e : y) e = silu(e);
      return y;
    } else {
      needs_real("gated_delta_rule with silu", "exp");
    }
  }

  void prepare_head(std::span<T> q, std::span<T> k) const {
    if (s_.keys == Keys::as_given && !s_.scale_query) return;
    if constexpr (Real<T>) {
      if (s_.keys == Keys::unit) make_unit<T>(q), make_unit<T>(k);
      const T scale = T(1) / sqrt(T(s_.key_dim));
      if (s_.scale_query)
        for (T& e : q) e = e * scale;
    } else {
      needs_real("gated_delta_rule with unit keys or a scaled query", "sqrt");
    }
  }

  T alpha(const T& a, int head) const {
    if (s_.gates == Gates::direct) return a;
    if constexpr (Real<T>)
      return exp(negative(exp(a_log_[head]) * softplus(a + dt_bias_[head])));
    else
      needs_real("gated_delta_rule with sigmoid gates", "exp");
  }

  T beta(const T& b) const {
    if (s_.gates == Gates::direct) return b;
    if constexpr (Real<T>)
      return sigmoid(b);
    else
      needs_real("gated_delta_rule with sigmoid gates", "exp");
  }

  Row<T> normed(const Row<T>& o) const {
    if constexpr (Real<T>)
      return rms_norm<T>(o, o_norm_, round_cast<T>(s_.output_norm_eps));
    else
      needs_real("gated_delta_rule with an output norm", "sqrt");
  }

  void gate(Row<T>& y, const Row<T>& z) const {
    if constexpr (Real<T>) {
      for (std::size_t i = 0; i < y.size(); ++i) y[i] = y[i] * silu(z[i]);
    } else {
      needs_real("gated_delta_rule with an output gate", "exp");
    }
  }

  GatedDeltaRule s_;
  Matrix<T> w_q_, w_k_, w_v_, w_g_, w_a_, w_b_, w_o_;
  Row<T> a_log_, dt_bias_, o_norm_;
  ShortConv<T> conv_q_, conv_k_, conv_v_;
};

}  // namespace separatrix
