#include <cstring>

#include "kernels/attention/rope.h"
#include "tests/kernels/attention_reference.h"

using namespace separatrix;
using namespace separatrix::testing;

namespace {

using Case = AttentionCase;
using Tensors = AttentionTensors;

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

TEST_CASE("queries of some tokens alone have the outputs and the gradients of these tokens, whichever they are") {
  const Case c{4, 70, 2, 8, true};
  const std::ptrdiff_t inner = c.inner(), tokens = c.batch * c.length;
  Tensors x(c);
  std::vector<std::ptrdiff_t> wanted;  // none of the second sequence, all of the third, the first and the last of the fourth
  for (std::ptrdiff_t t = 0; t < tokens; ++t)
    if ((t < 70 && t % 3 == 1) || (t >= 140 && t <= 210) || t == tokens - 1) wanted.push_back(t);
  const auto of_wanted = [&](const std::vector<float>& all) {
    std::vector<float> some;
    for (const std::ptrdiff_t t : wanted) some.insert(some.end(), all.begin() + t * inner, all.begin() + (t + 1) * inner);
    return some;
  };
  const std::vector<float> dout = of_wanted(x.dout), table = rope_table(c.length, c.head_dim, 10000);
  for (std::ptrdiff_t t = 0; t < tokens; ++t)
    if (!std::binary_search(wanted.begin(), wanted.end(), t)) std::fill_n(x.dout.begin() + t * inner, inner, 0.0f);
  const auto rows = [&](std::vector<float>& of) { return Rows<float>{of.data(), inner}; };
  const auto check_near = [](const std::vector<float>& seen, const std::vector<float>& truth) {
    REQUIRE(seen.size() == truth.size());
    for (std::size_t i = 0; i < seen.size(); ++i) CHECK(seen[i] == Approx(truth[i]).epsilon(1e-5).margin(1e-5));
  };
  for_each_isa([&] {
    const Results<float> all = kernel(c, x);
    std::vector<float> q = of_wanted(x.q), k = x.k, v = x.v, out = poison(q.size()), lse = poison(wanted.size() * c.heads);
    std::vector<float> dq = poison(q.size()), dk = poison(k.size()), dv = poison(v.size());
    rope_forward(c.shape(), table, rows(q), &wanted), rope_forward(c.shape(), table, rows(k));
    attention_forward(c.shape(), rows(q), rows(k), rows(v), rows(out), lse.data(), &wanted);
    attention_backward(c.shape(), {rows(q), rows(k), rows(v), rows(out), lse.data()}, {dout.data(), inner}, rows(dq), rows(dk),
                       rows(dv), &wanted);
    rope_backward(c.shape(), table, rows(dq), &wanted), rope_backward(c.shape(), table, rows(dk));
    check_near(out, of_wanted(all[0])), check_near(dq, of_wanted(all[1])), check_near(dk, all[2]), check_near(dv, all[3]);
  });
}
