#include "kernels/gated_delta_rule/gates.h"

#include <cmath>

#include "tests/catch.h"

using namespace separatrix;

TEST_CASE("direct gates below zero are refused, and training at exactly zero") {
  float a[] = {0.5f, -0.25f}, b[] = {1, 1}, out[2], other[2];
  const DeltaGatesShape shape{1, 2, 1, false, true};
  CHECK_THROWS_WITH(delta_gates_forward(shape, {a, 1}, {b, 1}, nullptr, nullptr, {out, 1}, {other, 1}), Catch::Contains("-0.25"));
  a[1] = 0;
  delta_gates_forward(shape, {a, 1}, {b, 1}, nullptr, nullptr, {out, 1}, {other, 1});
  CHECK(std::isinf(out[1]));
  CHECK(other[1] == 2);
  CHECK_THROWS(
      delta_gates_backward(shape, {a, 1}, {b, 1}, nullptr, nullptr, {out, 1}, {other, 1}, {out, 1}, {other, 1}, nullptr, nullptr));
}

TEST_CASE("a log gate far below zero and far above stays finite") {
  float a[] = {-90, 0, 90}, b[] = {-90, 0, 90}, g[3], beta[3], a_log[] = {1}, dt_bias[] = {0};
  delta_gates_forward({1, 3, 1}, {a, 1}, {b, 1}, a_log, dt_bias, {g, 1}, {beta, 1});
  CHECK(g[0] <= 0);
  CHECK(g[1] == Approx(-std::exp(1.0) * std::log(2.0)));
  CHECK(g[2] == Approx(-std::exp(1.0) * 90));
  CHECK((beta[0] >= 0 && beta[1] == 1 && beta[2] == 2));
}
