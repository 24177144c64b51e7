// Causal attention, one token at a time over the keys and values so far.
//   softmax:       weights proportional to exp(q.k / sqrt(head_dim))
//   average_hard:  equal weights on all maximal scores;  leftmost, rightmost: all weight on one of them (unique hard attention)
// Hard scores with hard_keys = unit compare q.k / |k|.  For one query that order is the order of (q.k)|q.k| / |k|^2,
// so it is decided exactly over any ordered field; a zero key scores 0.
#pragma once
#include <algorithm>

#include "models/blocks/norm.h"
#include "models/mixers/hard_attention.h"

namespace separatrix {

template <Field T>
class AttentionLayer {
 public:
  struct State {
    std::vector<Row<T>> keys, values;  // one row of heads * head_dim per token so far
    std::vector<HardHead<T>> heads;    // hard attention only: what they have read of the keys, up to the last query
    bool operator==(const State& other) const { return keys == other.keys && values == other.values; }
  };

  AttentionLayer(const Attention& settings, const LayerWeights<T>& w, double norm_eps)
      : s_(settings),
        eps_(norm_eps),
        w_q_(w.matrix("self_attn.q_proj.weight")),
        w_k_(w.matrix("self_attn.k_proj.weight")),
        w_v_(w.matrix("self_attn.v_proj.weight")),
        w_o_(w.matrix("self_attn.o_proj.weight")) {
    if (s_.qk_norm != QkNorm::none) norm_q_ = w.vector("self_attn.q_norm.weight"), norm_k_ = w.vector("self_attn.k_norm.weight");
  }

  State start() const { return {{}, {}, std::vector<HardHead<T>>(s_.heads, HardHead<T>(s_.score, s_.hard_keys))}; }

  /// Keeps the key and the value of one more token, x (width), without a query.
  void read(State& state, const Row<T>& x) const {
    state.keys.push_back(prepared(w_k_(x), norm_k_, static_cast<int>(state.keys.size())));
    state.values.push_back(w_v_(x));
  }

  /// x (width) -> y (width).
  Row<T> step(State& state, const Row<T>& x) const {
    const Row<T> q = prepared(w_q_(x), norm_q_, static_cast<int>(state.keys.size()));
    read(state, x);
    if (s_.score != Score::softmax) show_keys(state);
    Row<T> y;  // (heads * head_dim)
    for (int h = 0; h < s_.heads; ++h) {
      const Row<T> o = s_.score == Score::softmax ? weighted_mean(state, part(q, h), h) : value_of_highest(state, part(q, h), h);
      y.insert(y.end(), o.begin(), o.end());
    }
    return w_o_(y);
  }

 private:
  std::span<const T> part(const Row<T>& x, int head) const {
    return {x.data() + head * s_.head_dim, static_cast<std::size_t>(s_.head_dim)};
  }

  /// Shows the heads every key that came since the last query.
  void show_keys(State& state) const {
    for (int h = 0; h < s_.heads; ++h)
      for (std::size_t t = state.heads[h].tokens(); t < state.keys.size(); ++t) state.heads[h].read(part(state.keys[t], h));
  }

  /// Softmax attention of one head: (head_dim).
  Row<T> weighted_mean(const State& state, std::span<const T> q, int h) const {
    if constexpr (Real<T>) {
      Row<T> scores, y;
      for (const Row<T>& k : state.keys) scores.push_back(dot<T>(q, part(k, h)) / sqrt(T(s_.head_dim)));
      const Row<T> weights = softmax(scores);
      for (int i = 0; i < s_.head_dim; ++i) {
        Accumulator<T> sum;
        for (std::size_t t = 0; t < weights.size(); ++t) sum.add_product(weights[t], part(state.values[t], h)[i]);
        y.push_back(sum.value);
      }
      return y;
    } else {
      needs_real("softmax attention", "exp and sqrt");
    }
  }

  /// Hard attention of one head: (head_dim).
  Row<T> value_of_highest(State& state, std::span<const T> q, int h) const {
    return state.heads[h].attend(q, [&](int t) { return part(state.values[t], h); });
  }

  Row<T> softmax(const Row<T>& scores) const {
    if constexpr (Real<T>) {
      // Keep the maximum out of the exponent: exp must not overflow, and few bits must not lose the small terms.
      const T top = *std::max_element(scores.begin(), scores.end());
      Row<T> e;
      for (const T& x : scores) e.push_back(exp(x - top));
      const T total = sum<T>(e);
      for (T& x : e) x = x / total;
      return e;
    } else {
      needs_real("softmax attention", "exp and sqrt");
    }
  }

  /// q or k of one token: norm, then rotary position.
  Row<T> prepared(Row<T> x, const Row<T>& norm, int position) const {
    if (s_.qk_norm != QkNorm::none) x = normed(x, norm);
    if (s_.position == Position::rope) rotate(x, position);
    return x;
  }

  Row<T> normed(const Row<T>& x, const Row<T>& norm) const {
    if constexpr (Real<T>) {
      if (s_.qk_norm == QkNorm::full) return rms_norm<T>(x, norm, round_cast<T>(eps_));
      Row<T> y;
      for (int h = 0; h < s_.heads; ++h)
        for (const T& e : rms_norm<T>(part(x, h), norm, round_cast<T>(eps_))) y.push_back(e);
      return y;
    } else {
      needs_real("attention with normed queries and keys", "sqrt");
    }
  }

  /// RoPE (Su et al. 2021) in the pairing (i, i + head_dim / 2): angle = position * theta^(-2 i / head_dim).
  void rotate(Row<T>& x, int position) const {
    if constexpr (Real<T>) {
      const int half = s_.head_dim / 2;
      for (int h = 0; h < s_.heads; ++h)
        for (int i = 0; i < half; ++i) {
          const double angle = position * std::pow(s_.rope_theta, -2.0 * i / s_.head_dim);
          const T c = round_cast<T>(std::cos(angle)), s = round_cast<T>(std::sin(angle));
          T& u = x[h * s_.head_dim + i];
          T& w = x[h * s_.head_dim + i + half];
          const T rotated = u * c - w * s;
          w = w * c + u * s;
          u = rotated;
        }
    } else {
      needs_real("attention with rotary positions", "cos and sin");
    }
  }

  Attention s_;
  double eps_;
  Projection<T> w_q_, w_k_, w_v_, w_o_;
  Row<T> norm_q_, norm_k_;
};

}  // namespace separatrix
