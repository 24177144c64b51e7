#include <cstring>

#include "kernels/attention/rope.h"
#include "tests/kernels/attention_reference.h"
#include "tests/kernels/fla_roundings.h"

using namespace separatrix;
using namespace separatrix::testing;

namespace {

using Case = AttentionCase;
using Tensors = AttentionTensors;

/// The kernel, with q, k, v as neighbours in one buffer.
Results<float> kernel(const Case& c, const Tensors& x, Precision precision = Precision::fp32) {
  const std::ptrdiff_t inner = c.inner(), stride = 3 * inner + 1, rows = c.batch * c.length;
  std::vector<float> qkv = poison(static_cast<std::size_t>(rows * stride)), gradient = qkv;
  const std::array<const std::vector<float>*, 3> parts{&x.q, &x.k, &x.v};
  for (std::ptrdiff_t i = 0; i < rows; ++i)
    for (int p = 0; p < 3; ++p) std::copy_n(parts[p]->data() + i * inner, inner, qkv.data() + i * stride + p * inner);
  const Rows<float> q{qkv.data(), stride}, k{qkv.data() + inner, stride}, v{qkv.data() + 2 * inner, stride};
  const std::vector<float> table = rope_table(c.length, c.head_dim, 10000);
  if (c.rope) rope_forward(c.shape(), table, q), rope_forward(c.shape(), table, k);
  std::vector<float> out = poison(c.size()), lse = poison(static_cast<std::size_t>(c.batch * c.heads * c.length));
  attention_forward(c.shape(), q, k, v, {out.data(), inner}, lse.data(), precision);
  const Rows<float> dq{gradient.data(), stride}, dk{gradient.data() + inner, stride}, dv{gradient.data() + 2 * inner, stride};
  attention_backward(c.shape(), {q, k, v, {out.data(), inner}, lse.data()}, {x.dout.data(), inner}, dq, dk, dv, precision);
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

/// In bf16, from numbers that bf16 holds: what is left is the rounding of weights and their gradients, 16 bits coarser.
void check_bf16(const Case& c) {
  if (isa() != Isa::avx512_bf16) return;
  INFO("batch " << c.batch << " length " << c.length << " heads " << c.heads << " dim " << c.head_dim << " scale " << c.scale);
  Tensors x(c);
  for (std::vector<float>* values : {&x.q, &x.k, &x.v, &x.dout})
    for (float& e : *values) e = test::rounded_to_bf16(e);
  const Results<double> exact = layer<double>(c, x);
  const Results<float> plain = layer<float>(c, x), seen = kernel(c, x, Precision::bf16), again = kernel(c, x, Precision::bf16);
  for (int i = 0; i < 4; ++i) {
    INFO("tensor " << i << " of out, dq, dk, dv");
    const double terms = c.length == 1 && i > 0 ? std::sqrt(static_cast<double>(c.head_dim)) : 0;
    CHECK(yardstick(seen[i], plain[i], exact[i], terms) < std::ldexp(yardstick_limit, 24 - 8));
    CHECK((seen[i] == again[i]));
  }
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

TEST_CASE("attention with bf16 operands errs by their rounding at awkward sizes") {
  for (const int length : {1, 2, 3, 23, 24, 25, 63, 64, 65, 100, 127, 128, 129}) check_bf16({2, length, 1, 4, false});
  check_bf16({1, 300, 1, 2, false});
  check_bf16({1, 530, 1, 2, false});  // larger blocks
  for (const int head_dim : {1, 3, 16, 20, 33, 64, 72}) check_bf16({1, 20, 2, head_dim, false});
  check_bf16({3, 17, 3, 8, false});
}

TEST_CASE("attention with bf16 operands keeps its accuracy when its weights are sharp, wherever the largest score stands") {
  check_bf16({1, 65, 1, 8, false, 6});
  check_bf16({1, 300, 1, 2, false, 6});
}

TEST_CASE("attention in bf16 wants a set that has it") {
  if (isa() != Isa::avx512_bf16) return;
  const Case c{1, 2, 1, 2, false};
  const Tensors x(c);
  set_isa(Isa::avx512);
  CHECK_THROWS_WITH(kernel(c, x, Precision::bf16), Catch::Matchers::StartsWith("precision bf16: needs a CPU with AVX512_BF16"));
  set_isa(Isa::avx512_bf16);
}

TEST_CASE("attention ignores everything behind the diagonal, also infinities") {
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    if (precision == Precision::bf16 && isa() != Isa::avx512_bf16) continue;
    const Case c{1, 170, 1, 16, false};
    const Tensors plain(c);
    const Results<float> before = kernel(c, plain, precision);
    for (const std::size_t seen : {50, 128, 150}) {
      Tensors x = plain;
      for (std::size_t i = seen * 16; i < c.size(); ++i) x.v[i] = 1e30f, x.k[i] = -1e3f;
      const Results<float> after = kernel(c, x, precision);
      CHECK(std::memcmp(before[0].data(), after[0].data(), seen * 16 * sizeof(float)) == 0);
    }
  }
}
