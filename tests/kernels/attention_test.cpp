#include "kernels/attention/attention.h"

#include <cstring>

#include "kernels/attention/rope.h"
#include "models/mixers/attention.h"
#include "models/numbers/var.h"
#include "tests/kernels/support.h"

using namespace separatrix;
using namespace separatrix::testing;

namespace {

struct Case {
  std::ptrdiff_t batch, length, heads, head_dim;
  bool rope;
  double scale = 1;  // of q and k: larger means sharper weights
  std::ptrdiff_t inner() const { return heads * head_dim; }
  std::size_t size() const { return static_cast<std::size_t>(batch * length * inner()); }
  AttentionShape shape() const { return {batch, length, heads, head_dim}; }
};

struct Tensors {
  std::vector<float> q, k, v, dout;
  explicit Tensors(const Case& c)
      : q(draws(c.size(), 1, c.scale)), k(draws(c.size(), 2, c.scale)), v(draws(c.size(), 3)), dout(draws(c.size(), 4)) {}
};

/// out | dq | dk | dv
template <class T>
using Results = std::array<std::vector<T>, 4>;

/// The kernel, with q, k, v as neighbours in one buffer.
Results<float> kernel(const Case& c, const Tensors& x) {
  const std::ptrdiff_t inner = c.inner(), stride = 3 * inner + 1, rows = c.batch * c.length;
  std::vector<float> qkv = poison(static_cast<std::size_t>(rows * stride)), gradient = qkv;
  const std::array<const std::vector<float>*, 3> parts{&x.q, &x.k, &x.v};
  for (std::ptrdiff_t i = 0; i < rows; ++i)
    for (int p = 0; p < 3; ++p) std::copy_n(parts[p]->data() + i * inner, inner, qkv.data() + i * stride + p * inner);
  const Rows<float> q{qkv.data(), stride}, k{qkv.data() + inner, stride}, v{qkv.data() + 2 * inner, stride};
  const std::vector<float> table = rope_table(c.length, c.head_dim, 10000);
  if (c.rope) rope_forward(c.shape(), table, q), rope_forward(c.shape(), table, k);
  std::vector<float> out = poison(c.size()), lse = poison(static_cast<std::size_t>(c.batch * c.heads * c.length));
  attention_forward(c.shape(), q, k, v, {out.data(), inner}, lse.data());
  const Rows<float> dq{gradient.data(), stride}, dk{gradient.data() + inner, stride}, dv{gradient.data() + 2 * inner, stride};
  attention_backward(c.shape(), {q, k, v, {out.data(), inner}, lse.data()}, {x.dout.data(), inner}, dq, dk, dv);
  if (c.rope) rope_backward(c.shape(), table, dq), rope_backward(c.shape(), table, dk);
  Results<float> results{out, poison(c.size()), poison(c.size()), poison(c.size())};
  for (std::ptrdiff_t i = 0; i < rows; ++i)
    for (int p = 0; p < 3; ++p) std::copy_n(gradient.data() + i * stride + p * inner, inner, results[1 + p].data() + i * inner);
  return results;
}

/// A spec whose attention layer reads q | k | v off its input and hands out its heads: projections are selections.
Spec selecting(const Case& c) {
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
Results<T> layer(const Case& c, const Tensors& x) {
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

void check(const Case& c) {
  INFO("batch " << c.batch << " length " << c.length << " heads " << c.heads << " dim " << c.head_dim << " scale " << c.scale);
  const Tensors x(c);
  const Results<double> exact = layer<double>(c, x);
  const Results<float> plain = layer<float>(c, x);
  for_each_isa([&] {
    const Results<float> seen = kernel(c, x), again = kernel(c, x);
    for (int i = 0; i < 4; ++i) {
      INFO("tensor " << i << " of out, dq, dk, dv");
      // One token attends to itself alone: dq and dk are 0, the difference of two products of about this size.
      const double terms = c.length == 1 && i > 0 ? std::sqrt(static_cast<double>(c.head_dim)) : 0;
      CHECK(yardstick(seen[i], plain[i], exact[i], terms) < yardstick_limit);
      CHECK(seen[i] == again[i]);
    }
  });
}

}  // namespace

TEST_CASE("attention and its gradient equal the layer in double at awkward sizes") {
  for (const int length : {1, 2, 3, 63, 64, 65, 100}) check({2, length, 1, 4, length % 2 == 0});
  check({1, 130, 1, 2, false});  // longer strips
  for (const int head_dim : {1, 3, 16, 20, 33}) check({1, 20, 2, head_dim, true});
  check({3, 17, 3, 8, true});
}

TEST_CASE("attention keeps its accuracy when its weights are sharp") {
  check({1, 65, 1, 8, false, 6});
}

TEST_CASE("attention ignores everything behind the diagonal, also infinities") {
  const Case c{1, 70, 1, 16, false};
  Tensors x(c);
  const Results<float> before = kernel(c, x);
  for (std::size_t i = 50 * 16; i < c.size(); ++i) x.v[i] = 1e30f, x.k[i] = -1e3f;
  const Results<float> after = kernel(c, x);
  CHECK(std::memcmp(before[0].data(), after[0].data(), 50 * 16 * sizeof(float)) == 0);
}
