#include "kernels/mlp/mlp.h"

#include "kernels/isa.h"
#include "kernels/matmul/bf16.h"
#include "models/numbers/functions.h"
#include "models/numbers/var.h"
#include "tests/kernels/support.h"

using namespace separatrix;
using namespace separatrix::testing;

namespace {

/// y | dgate | dup, each (rows * hidden)
template <class T>
using Results = std::array<std::vector<T>, 3>;

template <class T>
Results<T> layer(const std::vector<float>& gate_up, const std::vector<float>& dy, std::size_t hidden) {
  Results<T> results;
  for (std::size_t i = 0; i < dy.size(); ++i) {
    Tape<T> tape;
    const std::size_t at = i / hidden * 2 * hidden + i % hidden;
    const Var<T> g = tape.input(T(gate_up[at])), u = tape.input(T(gate_up[at + hidden]));
    const Var<T> y = silu(g) * u;
    const std::vector<T> gradient = tape.gradient(y * Var<T>(T(dy[i])));
    results[0].push_back(y.value), results[1].push_back(gradient[g.index]), results[2].push_back(gradient[u.index]);
  }
  return results;
}

}  // namespace

TEST_CASE("SwiGLU and its gradient equal the layer in double at awkward sizes, also in place") {
  for (const std::ptrdiff_t hidden : {1, 2, 3, 63, 64, 65, 100}) {
    INFO("hidden " << hidden);
    const std::ptrdiff_t rows = 7;
    const std::size_t n = static_cast<std::size_t>(rows * hidden);
    const std::vector<float> gate_up = draws(2 * n, 1, 8), dy = draws(n, 2);
    const auto exact = layer<double>(gate_up, dy, static_cast<std::size_t>(hidden));
    const auto plain = layer<float>(gate_up, dy, static_cast<std::size_t>(hidden));
    for_each_isa([&] {
      std::vector<float> y = poison(n), d = poison(2 * n), in_place = gate_up;
      swiglu_forward(rows, hidden, {gate_up.data(), 2 * hidden}, {y.data(), hidden});
      swiglu_backward(rows, hidden, {gate_up.data(), 2 * hidden}, {dy.data(), hidden}, {d.data(), 2 * hidden});
      swiglu_backward(rows, hidden, {in_place.data(), 2 * hidden}, {dy.data(), hidden}, {in_place.data(), 2 * hidden});
      CHECK(d == in_place);
      Results<float> seen{y, {}, {}};
      for (std::ptrdiff_t i = 0; i < rows * 2 * hidden; ++i) seen[i % (2 * hidden) < hidden ? 1 : 2].push_back(d[i]);
      for (int i = 0; i < 3; ++i) CHECK(yardstick(seen[i], plain[i], exact[i]) < yardstick_limit);
    });
  }
}

TEST_CASE("activations into bf16 are those in float, rounded") {
  if (isa() != Isa::avx512_bf16) return;
  for (const std::ptrdiff_t hidden : {1, 33, 64, 100}) {
    INFO("hidden " << hidden);
    const std::ptrdiff_t rows = 7;
    const std::size_t n = static_cast<std::size_t>(rows * hidden);
    const std::vector<float> gate_up = draws(2 * n, 1, 8), dy = draws(n, 2);
    const Rows<const float> both{gate_up.data(), 2 * hidden}, up{gate_up.data(), hidden}, d{dy.data(), hidden};
    const auto check = [&](std::ptrdiff_t cols, const auto& into) {
      std::vector<float> y = poison(static_cast<std::size_t>(rows * cols));
      std::vector<std::uint16_t> expected(y.size()), seen(y.size(), 0x7fff);
      into(Rows<float>{y.data(), cols}), into(seen.data());
      to_bf16(rows, cols, Rows<const float>{y.data(), cols}, expected.data());
      CHECK(seen == expected);
    };
    check(hidden, [&](auto y) { swiglu_forward(rows, hidden, both, y); });
    check(2 * hidden, [&](auto y) { swiglu_backward(rows, hidden, both, d, y); });
    check(hidden, [&](auto y) { relu_forward(rows, hidden, up, y); });
    check(hidden, [&](auto y) { relu_backward(rows, hidden, up, d, y); });
  }
}

TEST_CASE("SwiGLU stays finite for gates far outside the range of the exponential") {
  const std::vector<float> gate_up{-1e4f, 1e4f, -100, 100, 1, 1, 1, 1}, dy{1, 1, 1, 1};
  const std::vector<float> y_exact{0, 1e4f, 0, 100}, dg_exact{0, 1, 0, 1};
  for_each_isa([&] {
    std::vector<float> y = poison(4), d = poison(8);
    swiglu_forward(1, 4, {gate_up.data(), 8}, {y.data(), 4});
    swiglu_backward(1, 4, {gate_up.data(), 8}, {dy.data(), 4}, {d.data(), 8});
    for (int i = 0; i < 4; ++i) {
      CHECK(y[i] == Approx(y_exact[i]).margin(1e-30));
      CHECK(d[i] == Approx(dg_exact[i]).margin(1e-30));
      CHECK(d[4 + i] == Approx(y_exact[i]).margin(1e-30));
    }
  });
}

TEST_CASE("ReLU passes what is above zero and its gradient exactly there") {
  const std::vector<float> up{-1, -0.0f, 0, 2, 3}, dy{10, 11, 12, 13, 14};
  for_each_isa([&] {
    std::vector<float> y = poison(5), dup = poison(5);
    relu_forward(1, 5, {up.data(), 5}, {y.data(), 5});
    relu_backward(1, 5, {up.data(), 5}, {dy.data(), 5}, {dup.data(), 5});
    CHECK(y == std::vector<float>{0, 0, 0, 2, 3});
    CHECK(dup == std::vector<float>{0, 0, 0, 13, 14});
  });
}
