#include <cstring>

#include "kernels/probe.h"
#include "tests/kernels/support.h"

using namespace separatrix;
using namespace separatrix::testing;

namespace {

const Probe& probe() {
  return for_isa(sse2::probe, avx2::probe, avx512::probe);
}

/// Every step-th float from `first` to `last` (of one sign).
std::vector<float> floats_between(float first, float last, std::uint32_t step) {
  std::uint32_t from, to;
  std::memcpy(&from, &first, 4), std::memcpy(&to, &last, 4);
  std::vector<float> out;
  for (; from <= to; from += step) {
    out.emplace_back();
    std::memcpy(&out.back(), &from, 4);
  }
  return out;
}

/// The largest error in units of the last place of the exact value.
template <class Exact>
double worst_ulp(const std::vector<float>& x, const std::vector<float>& y, const Exact& exact) {
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double truth = exact(static_cast<double>(x[i]));
    int exponent;
    std::frexp(truth, &exponent);
    worst = std::max(worst, std::abs(y[i] - truth) / std::ldexp(1.0, exponent - 24));
  }
  return worst;
}

}  // namespace

TEST_CASE("the vector exponential is within 1.1 units in the last place over its whole range") {
  for_each_isa([&] {
    for (const auto& [first, last] : {std::array<float, 2>{1e-10f, 88.722f}, {-1e-10f, -87.33f}}) {
      const std::vector<float> x = floats_between(first, last, 997);
      std::vector<float> y = poison(x.size());
      probe().exp(static_cast<std::ptrdiff_t>(x.size()), x.data(), y.data());
      CHECK(worst_ulp(x, y, [](double t) { return std::exp(t); }) < 1.1);
    }
  });
}

TEST_CASE("the vector exponential and sigmoid keep zero, infinities and NaN") {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> x{0, -0.0f, inf, -inf, 89, -88, 1e30f, -1e30f, nan};
  const std::vector<float> e{1, 1, inf, 0, inf, 0, inf, 0}, s{0.5f, 0.5f, 1, 0, 1, 0, 1, 0};
  for_each_isa([&] {
    std::vector<float> y(9), z(9);
    probe().exp(9, x.data(), y.data());
    probe().sigmoid(9, x.data(), z.data());
    for (std::size_t i = 0; i < e.size(); ++i) {
      CHECK(y[i] == e[i]);
      CHECK(z[i] == Approx(s[i]).margin(1e-37));
    }
    CHECK(std::isnan(y[8]));
    CHECK(std::isnan(z[8]));
  });
}

TEST_CASE("small products equal the double product for every count of rows, both orders of A and both signs of accumulation") {
  for_each_isa([&] {
    const std::ptrdiff_t width = probe().width;
    for (const std::ptrdiff_t rows : {1, 2, 3, 7, 11, 12, 13, 27, 64})
      for (const std::ptrdiff_t cols : {width, 2 * width, 5 * width})
        for (const std::ptrdiff_t inner : {1, 3, 65})
          for (const int form : {0, 1, 2, 3}) {
            const bool transposed = form & 1, accumulate = form & 2;
            const std::vector<float> a = draws(static_cast<std::size_t>(rows * inner), 1);
            const std::vector<float> b = draws(static_cast<std::size_t>(inner * cols), 2);
            const std::vector<float> start = draws(static_cast<std::size_t>(rows * cols), 3);
            const std::ptrdiff_t row = transposed ? 1 : inner, step = transposed ? rows : 1;
            std::vector<float> c = accumulate ? start : poison(start.size()), plain;
            probe().product(accumulate, rows, cols, inner, a.data(), row, step, b.data(), cols, c.data(), cols);
            std::vector<double> exact;
            for (std::ptrdiff_t i = 0; i < rows; ++i)
              for (std::ptrdiff_t j = 0; j < cols; ++j) {
                const float before = accumulate ? start[static_cast<std::size_t>(i * cols + j)] : 0;
                float sum = before;
                double precise = before;
                for (std::ptrdiff_t l = 0; l < inner; ++l) {
                  const float x = a[static_cast<std::size_t>(i * row + l * step)], y = b[static_cast<std::size_t>(l * cols + j)];
                  sum += x * y, precise += static_cast<double>(x) * y;
                }
                plain.push_back(sum), exact.push_back(precise);
              }
            CHECK(yardstick(c, plain, exact) < yardstick_limit);
          }
  });
}
