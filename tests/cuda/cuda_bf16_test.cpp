// Kernels on bf16 activations do what they do on the same numbers in float, and round what they write, once.
#include "kernels/attention/rope.h"
#include "kernels/cuda/operations.h"
#include "kernels/matmul/cuda.h"
#include "tests/catch.h"
#include "tests/cuda/device.h"
#include "tests/kernels/support.h"

using namespace separatrix;
using namespace separatrix::SIMT;

namespace {

/// What a kernel wrote: activations, and numbers that are float either way.
struct Written {
  std::vector<float> activations, numbers;
  template <class T>
  void add(const DeviceRows<T>& x) {
    for (const float e : x.values()) activations.push_back(e);
  }
  void add(const DeviceArray<float>& x) {
    for (const float e : x.download()) numbers.push_back(e);
  }
};

/// Values that bf16 holds.
std::vector<float> held(std::size_t n, std::uint64_t seed) {
  return to_floats(to_type<bf16>(testing::draws(n, seed)));
}

/// run(T()): the same kernels on activations of type T.
template <class Run>
void check_rounded_once(Run run) {
  const Written plain = run(0.0f), rounded = run(bf16{});
  REQUIRE(plain.activations.size() == rounded.activations.size());
  REQUIRE(plain.numbers.size() == rounded.numbers.size());
  for (std::size_t i = 0; i < plain.activations.size(); ++i) {
    // Half a unit in the last of 8 bits, and a little for sums whose terms a compiler fuses differently.
    const float x = plain.activations[i];
    CHECK(std::abs(rounded.activations[i] - x) <= std::abs(x) * (0x1p-8f + 0x1p-20f) + 0x1p-20f);
  }
  for (std::size_t i = 0; i < plain.numbers.size(); ++i)
    CHECK(std::abs(rounded.numbers[i] - plain.numbers[i]) <= 0x1p-20f * (1 + std::abs(plain.numbers[i])));
}

constexpr std::size_t tokens = 2 * 9;

DeviceArray<float> weights(std::size_t n, std::uint64_t seed) {
  return DeviceArray<float>(testing::draws(n, seed));
}

}  // namespace

TEST_CASE("RMSNorm on bf16 activations rounds once, also from a float residual stream") {
  check_rounded_once([]<class T>(T) {
    const NormShape s{tokens, 12, 2, 1e-6f};
    const DeviceRows<T> x(held(tokens * 24, 1), 24), dy(held(tokens * 24, 2), 24), y(tokens, 24), dx(tokens, 24),
        from_float(tokens, 24);
    const DeviceRows<float> stream(held(tokens * 24, 1), 24);
    const DeviceArray<float> w = weights(12, 3), rstd = poisoned(tokens * 2), scratch = poisoned(sums_scratch_size(12));
    const DeviceArray<float> dw(std::vector<float>(12, 0.5f));
    const Rows<const float> residual = stream.rows();
    rms_norm_forward({}, s, residual, w.data(), from_float.rows(), rstd.data());
    const Rows<const T> in = x.rows();
    rms_norm_forward({}, s, in, w.data(), y.rows(), rstd.data());
    rms_norm_backward({}, s, dy.rows(), x.rows(), w.data(), rstd.data(), dx.rows(), dw.data(), scratch.data());
    Written out;
    out.add(from_float), out.add(y), out.add(dx), out.add(rstd), out.add(dw);
    return out;
  });
}

TEST_CASE("the short convolution on bf16 activations rounds once") {
  check_rounded_once([]<class T>(T) {
    const ShortConvShape s{2, 9, 20, 4, true, 0};
    const DeviceRows<T> x(held(tokens * 20, 1), 20), dy(held(tokens * 20, 2), 20), y(tokens, 20), dx(tokens, 20);
    const DeviceArray<float> w = weights(80, 3), dw = poisoned(80), scratch = poisoned(short_conv_scratch_size(s));
    short_conv_forward({}, s, x.rows(), w.data(), y.rows());
    short_conv_backward({}, s, x.rows(), w.data(), dy.rows(), dx.rows(), dw.data(), scratch.data());
    Written out;
    out.add(y), out.add(dx), out.add(dw);
    return out;
  });
}

TEST_CASE("gates and gated output norm of the delta rule on bf16 activations round once") {
  check_rounded_once([]<class T>(T) {
    const DeltaGatesShape gates{2, 9, 3, true, true};
    const DeviceRows<T> a(held(tokens * 3, 1), 3), b(held(tokens * 3, 2), 3), da(tokens, 3), db(tokens, 3);
    const DeviceRows<float> dg(held(tokens * 3, 3), 3), dbeta(held(tokens * 3, 4), 3), g(tokens, 3), beta(tokens, 3);
    const DeviceArray<float> log = weights(3, 5), bias = weights(3, 6), d_log = poisoned(3), d_bias = poisoned(3);
    const DeviceArray<float> scratch = poisoned(sums_scratch_size(6));
    delta_gates_forward<T>({}, gates, a.rows(), b.rows(), log.data(), bias.data(), g.rows(), beta.rows());
    delta_gates_backward({}, gates, a.rows(), b.rows(), log.data(), bias.data(), dg.rows(), dbeta.rows(), da.rows(), db.rows(),
                         d_log.data(), d_bias.data(), scratch.data());
    const DeltaOutputShape output{2, 9, 3, 10, true, true, 1e-5f};
    const DeviceRows<T> o(held(tokens * 30, 7), 30), z(held(tokens * 30, 8), 30), dy(held(tokens * 30, 9), 30), y(tokens, 30);
    const DeviceRows<T> d_o(tokens, 30), dz(tokens, 30);
    const DeviceArray<float> w = weights(10, 10), dw = poisoned(10), more = poisoned(tokens * 3 + sums_scratch_size(10));
    delta_output_forward({}, output, o.rows(), w.data(), z.rows(), y.rows());
    delta_output_backward({}, output, o.rows(), w.data(), z.rows(), dy.rows(), d_o.rows(), dw.data(), dz.rows(), more.data());
    Written out;
    out.add(da), out.add(db), out.add(y), out.add(d_o), out.add(dz);
    for (const DeviceRows<float>* x : {&g, &beta}) out.add(DeviceArray<float>(x->values()));
    out.add(d_log), out.add(d_bias), out.add(dw);
    return out;
  });
}

TEST_CASE("activations of an MLP, rotary positions and copies on bf16 activations round once") {
  check_rounded_once([]<class T>(T) {
    const DeviceRows<T> x(held(tokens * 16, 1), 16), dy(held(tokens * 8, 2), 8), y(tokens, 8), dx(tokens, 16);
    swiglu_forward({}, tokens, 8, x.rows(), y.rows());
    swiglu_backward({}, tokens, 8, x.rows(), dy.rows(), dx.rows());
    const DeviceRows<T> ry(tokens, 8), rx(tokens, 8);
    relu_forward({}, tokens, 8, dy.rows(), ry.rows());
    relu_backward({}, tokens, 8, dy.rows(), y.rows(), rx.rows());
    const AttentionShape s{2, 9, 2, 8};
    const DeviceArray<float> table(rope_table(9, 8, 10000));
    const DeviceRows<T> turned(tokens, 16);
    copy_rows({}, tokens, 16, x.rows(), turned.rows());
    rope({}, s, table.data(), -1, turned.rows());
    Written out;
    out.add(y), out.add(dx), out.add(ry), out.add(rx), out.add(turned);
    return out;
  });
}

TEST_CASE(
    "matrix products on the device round their result once, at any distance of rows, and a long sum has the same bits again") {
  enum Added { nothing, in_place, apart };
  const auto run = [](std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t inner, std::size_t distance, Added added) {
    return [=]<class T>(T) {
      // a is given transposed, as for a gradient of weights.
      std::vector<bf16> a(inner * (m + distance)), b(inner * (n + distance));
      for (std::vector<bf16>* x : {&a, &b}) *x = to_type<bf16>(testing::draws(x->size(), x == &a ? 1 : 2));
      const DeviceArray<bf16> left(a), right(b);
      const std::vector<float> before = held(static_cast<std::size_t>(m * n), 3);
      const auto width = static_cast<std::size_t>(n);
      const DeviceRows<T> c = added == in_place ? DeviceRows<T>(before, width) : DeviceRows<T>(static_cast<std::size_t>(m), width);
      const DeviceRows<T, 8> other(before, width);
      const Rows<const T> add = added == nothing ? Rows<const T>{} : added == in_place ? Rows<const T>(c.rows()) : other.rows();
      Products products;
      products.run({}, operand_of(inner, m, Rows<const bf16>{left.data(), m + static_cast<std::ptrdiff_t>(distance)}), true,
                   operand_of(inner, n, Rows<const bf16>{right.data(), n + static_cast<std::ptrdiff_t>(distance)}), false, c.rows(),
                   add);
      Written out;
      out.add(c);
      return out;
    };
  };
  check_rounded_once(run(16, 24, 32, 0, nothing));
  check_rounded_once(run(5, 7, 3, 1, nothing));
  check_rounded_once(run(16, 8, 64, 8, in_place));
  check_rounded_once(run(16, 8, 64, 8, apart));
  double exact = 0;  // C(0, 0)
  const std::vector<float> a = held(2048 * 24, 1), b = held(2048 * 16, 2), c = held(24 * 16, 3);
  for (std::size_t l = 0; l < 2048; ++l) exact += double(a[l * 24]) * b[l * 16];
  for (const Added added : {in_place, apart}) {
    const auto sum = run(24, 16, 2048, 0, added);
    CHECK(sum(0.0f).activations == sum(0.0f).activations);
    CHECK(sum(0.0f).activations[0] == Approx(exact + c[0]).epsilon(1e-4).margin(1e-3));
  }
}
