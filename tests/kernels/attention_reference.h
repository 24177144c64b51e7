// Causal attention as its definition says, with its derivatives, in any number type: the truth in double, the yardstick in float.
#pragma once
#include <array>

#include "kernels/attention/attention.h"
#include "models/mixers/attention.h"
#include "models/numbers/var.h"
#include "tests/kernels/support.h"

namespace separatrix::testing {

struct AttentionCase {
  std::ptrdiff_t batch, length, heads, head_dim;
  bool rope;
  double scale = 1;  // of q and k: larger means sharper weights
  std::ptrdiff_t inner() const { return heads * head_dim; }
  std::size_t size() const { return static_cast<std::size_t>(batch * length * inner()); }
  AttentionShape shape() const { return {batch, length, heads, head_dim}; }
};

struct AttentionTensors {
  std::vector<float> q, k, v, dout;
  explicit AttentionTensors(const AttentionCase& c)
      : q(draws(c.size(), 1, c.scale)), k(draws(c.size(), 2, c.scale)), v(draws(c.size(), 3)), dout(draws(c.size(), 4)) {}
};

/// out | dq | dk | dv
template <class T>
using Results = std::array<std::vector<T>, 4>;

/// A spec whose attention layer reads q | k | v off its input and hands out its heads: projections are selections.
inline Spec selecting(const AttentionCase& c) {
  Attention a;
  a.heads = static_cast<int>(c.heads), a.head_dim = static_cast<int>(c.head_dim);
  a.qk_norm = QkNorm::none, a.position = c.rope ? Position::rope : Position::none;
  Spec spec;
  spec.vocab = 1, spec.width = static_cast<int>(3 * c.inner());
  spec.blocks = {Block{a, Mlp{0, Activation::swiglu}, NormPlace::none}};
  return spec;
}

/// The generic layer and its derivatives, in T.
template <class T>
Results<T> layer(const AttentionCase& c, const AttentionTensors& x) {
  const Spec spec = selecting(c);
  const std::ptrdiff_t inner = c.inner();
  Weights<Var<T>> weights(spec);
  const std::string prefix = "model.layers.0.self_attn.";
  for (std::ptrdiff_t i = 0; i < inner; ++i) {
    int part = 0;
    for (const char* name : {"q_proj.weight", "k_proj.weight", "v_proj.weight"})
      weights[prefix + name][static_cast<std::size_t>(i * 3 * inner + part++ * inner + i)] = Var<T>(1);
    weights[prefix + "o_proj.weight"][static_cast<std::size_t>(i * inner + i)] = Var<T>(1);
  }
  const AttentionLayer<Var<T>> attention(std::get<Attention>(spec.blocks[0].mixer), {weights, "model.layers.0."}, 1e-6);
  Results<T> results;
  for (std::ptrdiff_t b = 0; b < c.batch; ++b) {
    Tape<T> tape;
    auto state = attention.start();
    std::vector<Row<Var<T>>> inputs;
    Var<T> objective(T(0));  // sum of dout * out: its derivatives are the gradients
    for (std::ptrdiff_t t = 0; t < c.length; ++t) {
      const std::size_t at = static_cast<std::size_t>((b * c.length + t) * inner);
      Row<Var<T>> input;
      for (const auto* source : {&x.q, &x.k, &x.v})
        for (std::ptrdiff_t i = 0; i < inner; ++i) input.push_back(tape.input(T((*source)[at + i])));
      const Row<Var<T>> y = attention.step(state, input);
      for (std::ptrdiff_t i = 0; i < inner; ++i) {
        results[0].push_back(y[i].value);
        objective = objective + y[i] * Var<T>(T(x.dout[at + i]));
      }
      inputs.push_back(input);
    }
    const std::vector<T> gradient = tape.gradient(objective);
    for (const auto& input : inputs)
      for (std::ptrdiff_t i = 0; i < 3 * inner; ++i) results[1 + i / inner].push_back(gradient[input[i].index]);
  }
  return results;
}

}  // namespace separatrix::testing
