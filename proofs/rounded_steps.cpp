// Rounding in the delta-rule step: keys that are a little too short, gates that saturate.
//   k = (c, -c) with c = fl(1 / sqrt 2) has |k|^2 = 2 c^2 < 1, so a swap maps the difference of two registers to -(4 c^2 - 1) of it
//   sigmoid(b) = 1 - e^-b + ... rounds to 1 when e^-b is below half the last place under 1, 2^-(p + 1): b >= (p + 1) ln 2
#include "proofs/rounded_steps.h"

#include <cmath>

#include "models/mixers/gated_delta_rule.h"
#include "models/numbers/big_float.h"
#include "models/numbers/log_float.h"

namespace separatrix {
namespace {

/// The last number of steps S <- S (I - erase k k^T) from S = (1, 0), k = (c, -c), after which |S_0 - S_1| is still 1/2.
template <Field T>
int steps_above_half(const T& c, const T& erase) {
  const Row<T> k{c, T(0) - c}, v{T(0)};
  Matrix<T> S(1, 2);
  S(0, 0) = T(1);
  for (int n = 0;; ++n) {
    delta_step<T>(S, k, v, T(1), erase, T(1));
    const T difference = n % 2 ? S(0, 0) - S(0, 1) : S(0, 1) - S(0, 0);
    if (difference < T(1) / T(2)) return n;
  }
}

double rounded_root(int p) {
  return LogFloat(std::sqrt(0.5), p).to_double();
}

}  // namespace

int swaps_with_rounded_key(int p) {
  return steps_above_half<double>(rounded_root(p), 2);
}

double rounded_key_law(int p) {
  const double c = rounded_root(p);
  return std::log(2.0) / -std::log1p(4 * c * c - 2);
}

int lazy_walk_horizon(int b) {
  using Real = BigFloat<113>;
  return steps_above_half<Real>(1 / sqrt(Real(2)), 2 * sigmoid(Real(b)));
}

double lazy_walk_law(int b) {
  return std::log(2.0) / -std::log(std::tanh(b / 2.0));
}

Outcome check_rounded_keys_against(double (*law_of)(int p)) {
  Cases cases;
  std::string found;
  for (const int p : {8, 11, 24}) {
    const int n = swaps_with_rounded_key(p);
    const double law = law_of(p);
    // The state's own rounding, 2^-53 of it a step, shifts the last n by a part of n.
    const double allowed = 1 + law * law * std::ldexp(1, -50);
    cases.expect(std::fabs(n - law) <= allowed, [&] { return fmt::format("{} bits: {} swaps, the law says {:.1f}", p, n, law); });
    found += fmt::format("{}{} bits: {}", found.empty() ? "" : ", ", p, n);
  }
  return cases.done("swaps until the margin falls below 1/2; " + found);
}

Outcome check_rounded_keys() {
  return check_rounded_keys_against(rounded_key_law);
}

Outcome check_saturation_of_gates(double (*from)(int p)) {
  Cases cases;
  for (const int p : {8, 11, 24}) {
    const auto rounded = [&](double b) { return LogFloat(1 / (1 + std::exp(-b)), p); };
    const double b = from(p);
    cases.expect(rounded(b + 0.01) == LogFloat(1.0, p),
                 [&] { return fmt::format("{} bits: sigmoid({:.2f}) is below 1", p, b + 0.01); });
    cases.expect(rounded(b - 0.01) < LogFloat(1.0, p), [&] { return fmt::format("{} bits: sigmoid({:.2f}) is 1", p, b - 0.01); });
  }
  return cases.done(
      fmt::format("at 8, 11 and 24 bits from b = {:.2f}, {:.2f} and {:.2f} on, within 0.01", from(8), from(11), from(24)));
}

Outcome check_saturated_gates() {
  return check_saturation_of_gates([](int p) { return (p + 1) * std::log(2.0); });
}

Outcome check_horizons(double (*law_of)(int b), const std::vector<int>& logits) {
  Cases cases;
  std::string found;
  for (const int b : logits) {
    const int n = lazy_walk_horizon(b);
    const double law = law_of(b);
    cases.expect(std::fabs(n - law) <= 1, [&] { return fmt::format("b = {}: horizon {}, the law says {:.2f}", b, n, law); });
    found += fmt::format("{}b = {}: {}", found.empty() ? "" : ", ", b, n);
  }
  return cases.done("last n with margin 1/2, in 113-bit arithmetic; " + found);
}

Outcome check_horizon() {
  return check_horizons(lazy_walk_law, {2, 4, 6, 8, 10});
}

Outcome check_horizon_deep() {
  return check_horizons(lazy_walk_law, {2, 4, 6, 8, 10, 12, 16});
}

}  // namespace separatrix
