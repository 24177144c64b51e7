// The quantization model against sums that are written out: every draw of expressibility, every task.
#include <cmath>

#include "proofs/power_tail.h"
#include "proofs/quantization_checks.h"
#include "tests/catch.h"

using namespace separatrix;
using Catch::Matchers::Contains;

namespace {

const double exponents[] = {0.1, 0.28, 1, 2.5, 40};

bool close(double a, double b) {
  return std::abs(a - b) <= 1e-12 * std::abs(b);
}

/// The learner of Definition 4 for one draw: bit k - 1 of `inexpressible` is about task k.  Excess over no loss at all.
double loss_of_draw(const QuantizationModel& m, double N, unsigned inexpressible, int tasks) {
  double left = N, loss = m.unlearned;
  for (int k = 1; k <= tasks; ++k) {
    const TaskKind& kind = inexpressible >> (k - 1) & 1 ? m.inexpressible : m.expressible;
    if (kind.parameters > left) break;
    left -= kind.parameters;
    loss -= kind.reduction * std::pow(k, -m.alpha - 1) / std::riemann_zeta(m.alpha + 1);
  }
  return loss;
}

QuantizationModel model(double alpha, double epsilon) {
  return {alpha, epsilon, 4, {3, 1.5, 2}, {1, 4, 7}};
}

}  // namespace

TEST_CASE("the tail of a power sum is Riemann's zeta less the terms before it") {
  for (const double alpha : exponents) {
    CHECK(close(power_tail(alpha, 0), std::riemann_zeta(alpha + 1)));
    for (const int n : {1, 2, 15, 16, 17, 100}) {
      long double tail = 0;  // terms far out add up to the tail behind them
      for (int k = 100000; k > n; --k) tail += std::pow(static_cast<long double>(k), -alpha - 1.0L);
      CHECK(close(power_tail(alpha, n), static_cast<double>(tail + power_tail(alpha, 100000))));
    }
  }
}

TEST_CASE("the exact loss with N parameters is the mean over all draws of expressibility") {
  constexpr int tasks = 12;  // all that 18 parameters can pay for
  for (const double alpha : {0.3, 1.0})
    for (const double epsilon : {0.0, 0.3, 1.0})
      for (const double N : {0.0, 1.4, 1.5, 4.0, 5.5, 9.0, 17.9, 18.0}) {
        const QuantizationModel m = model(alpha, epsilon);
        double mean = 0;
        for (unsigned draw = 0; draw < 1u << tasks; ++draw) {
          const int many = __builtin_popcount(draw);
          mean += std::pow(epsilon, many) * std::pow(1 - epsilon, tasks - many) * loss_of_draw(m, N, draw, tasks);
        }
        INFO("alpha = " << alpha << ", epsilon = " << epsilon << ", N = " << N);
        CHECK(close(irreducible_loss(m) + excess_with_parameters(m, N), mean));
      }
}

TEST_CASE("the exact loss with D tokens is the sum over tasks, each learned when D p_k reaches its threshold") {
  for (const double alpha : {0.5, 1.0})
    for (const double D : {0.0, 3.0, 10.0, 1000.0, 54321.0}) {
      const QuantizationModel m = model(alpha, 0.25);
      double loss = m.unlearned;
      for (int k = 20000; k >= 1; --k) {
        const double p = std::pow(k, -alpha - 1) / std::riemann_zeta(alpha + 1);
        if (D * p >= m.expressible.tokens) loss -= 0.75 * p * m.expressible.reduction;
        if (D * p >= m.inexpressible.tokens) loss -= 0.25 * p * m.inexpressible.reduction;
      }
      CHECK(close(irreducible_loss(m) + excess_with_tokens(m, D), loss));
    }
}

TEST_CASE("a task becomes learnable at its threshold, not after it") {
  const QuantizationModel m{.alpha = 1};
  for (const int k : {1, 2, 3, 10, 1000}) {
    const double threshold = frequency_norm(m) * std::pow(k, 2);
    CHECK(close(excess_with_tokens(m, threshold * (1 + 1e-12)), excess_after_tasks(m, k)));
    CHECK(close(excess_with_tokens(m, threshold * (1 - 1e-12)), excess_after_tasks(m, k - 1)));
  }
}

TEST_CASE("with all tasks expressible the laws are those of Michaud et al.") {
  const QuantizationModel m{0.5, 0, 4, {3, 16, 27}, {1, 100, 100}};
  CHECK(close(parameter_coefficient(m), 3 * 4));  // Delta C^alpha
  CHECK(close(token_coefficient(m), 3 * 3));      // Delta T^(alpha/(alpha+1))
  CHECK(irreducible_loss(m) == 1);
  CHECK(std::abs(small_budget_alpha() - 0.590) < 5e-4);
}

TEST_CASE("a model outside the assumptions is refused, and a sum of too many terms") {
  const double nan = std::nan("");
  const auto message = [](const QuantizationModel& m) {
    try {
      require_valid(m);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  CHECK(message({}) == "accepted");
  for (const double alpha : {0.0, -1.0, 101.0, nan}) CHECK_THAT(message({.alpha = alpha}), Contains("alpha = "));
  for (const double epsilon : {-0.1, 1.1, nan}) CHECK_THAT(message({.epsilon = epsilon}), Contains("epsilon = "));
  CHECK_THAT(message({.unlearned = 2}), Contains("Delta = 3"));
  CHECK_THAT(message({.unlearned = INFINITY}), Contains("finite"));
  CHECK_THAT(message({.expressible = {nan, 1, 1}}), Contains("Delta = nan"));
  CHECK_THAT(message({.inexpressible = {3.5, 1, 1}}), Contains("Assumption 2"));
  CHECK_THAT(message({.inexpressible = {1, 0.5, 1}}), Contains("C' = 0.5"));
  CHECK_THAT(message({.inexpressible = {1, 1, 0}}), Contains("T' = 0"));
  CHECK_THROWS_WITH(excess_with_parameters({0.3, 0.5, 4, {3, 1, 1}, {3, 2, 1}}, 1e15), Contains("use the power law"));
}

TEST_CASE("beyond the whole numbers that a double counts, exact losses are the power law's or are refused at once") {
  const QuantizationModel all{.alpha = 0.28}, none{0.28, 1, 4, {3, 1, 1}, {3, 16, 16}}, mixed{0.28, 0.1, 4, {3, 1, 1}, {3, 16, 16}};
  for (const double budget : {9007199254740994.0, 1e17, 1e18, 1e20, 1e30, 1e300}) {
    INFO("budget " << budget);
    for (const QuantizationModel& m : {all, none}) {
      CHECK(close(excess_with_parameters(m, budget), parameter_law(m).excess(budget)));
      CHECK(std::abs(excess_with_tokens(m, budget) / token_law(m).excess(budget) - 1) < 1e-10);
    }
    CHECK_THROWS_WITH(excess_with_parameters(mixed, budget), Contains("use the power law"));
    CHECK(excess_after_tasks(all, budget) > 0);
  }
  CHECK(close(excess_after_tasks(all, 1e15), excess_after_tasks(all, 1e15 - 1)));
  CHECK(excess_with_parameters({.alpha = 100, .expressible = {3, 1e-300, 1}, .inexpressible = {3, 1e-300, 1}}, 1e300) == 0);
}
