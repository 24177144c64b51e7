// Swaps without any rounding error in bf16, fp16 or fp32: keys whose entries are 0, 1/2 and 1.
// The search runs over the states of the layer in p-bit arithmetic, where every step must also equal the exact one.
#include "proofs/dyadic_keys.h"

#include <deque>
#include <map>

#include "models/mixers/gated_delta_rule.h"
#include "models/numbers/log_float.h"
#include "proofs/swap_programs.h"

namespace separatrix {

SixVector turned(const SixVector& x) {
  SixVector y(kSixDim);
  for (int i = 0; i < kSixDim; i += 2) y[i] = x[i] + x[i + 1], y[i + 1] = x[i] - x[i + 1];
  return y;
}

SixVector turned_pair(int i, int j, int sign, const Rational& scale) {
  SixVector x(kSixDim);
  x[i] = 1, x[j] = sign;
  SixVector y = turned(x);
  for (Rational& e : y) e = e * scale;
  return y;
}

namespace {

template <Field T, class F>
Row<T> row_of(const SixVector& x, const F& number) {
  Row<T> y;
  for (const Rational& e : x) y.push_back(number(e));
  return y;
}

/// Breadth-first search over the row S (1, 6) from the values (0, .., 4); counts states.
template <Field T, class F>
int close(Cases& cases, const std::string& name, const Rational& half, const F& number) {
  const Row<T> nothing{number(0)};
  const T one = number(1), two = number(2), zero = number(0);
  Matrix<T> S(1, kSixDim, zero);
  for (int j = 0; j < kSixVariables; ++j)  // beta = 0 adds the value j at key r_j
    delta_step<T>(S, row_of<T>(turned_pair(j, 5, 1, half), number), Row<T>{number(j)}, one, zero, one);
  std::map<Values, Matrix<T>> state_of{{initial_values(kSixVariables), S}};
  std::deque<Values> queue{initial_values(kSixVariables)};
  while (!queue.empty() && cases.failures() == 0) {
    const Values values = queue.front();
    queue.pop_front();
    for (int j = 0; j < kSixVariables; ++j) {
      SixVector axis(kSixDim);
      axis[j] = 1;
      const T read = dot<T>(state_of.at(values).row(0), row_of<T>(turned(axis), number));
      cases.expect(read == number(values[j]),
                   [&] { return fmt::format("{}: register {} of {} is misread", name, j, values_text(values)); });
    }
    for (int i = 0; i < kSixVariables; ++i)
      for (int j = i + 1; j < kSixVariables; ++j) {
        Matrix<T> next = state_of.at(values);
        delta_step<T>(next, row_of<T>(turned_pair(i, j, -1, half), number), nothing, one, two, one);
        const auto [found, is_new] = state_of.emplace(swapped(values, i, j), next);
        if (is_new) queue.push_back(found->first);
        cases.expect(found->second == next,
                     [&] { return fmt::format("{}: swap ({} {}) of {} rounds", name, i, j, values_text(values)); });
      }
  }
  return static_cast<int>(state_of.size());
}

}  // namespace

Outcome check_dyadic_keys_of(const Rational& half) {
  Cases cases;
  int states = close<Rational>(cases, "exact", half, [](const Rational& x) { return x; });
  for (const int p : {8, 11, 24})
    states = std::max(states, close<LogFloat>(cases, fmt::format("{} bits", p), half,
                                              [p](const Rational& x) { return LogFloat(RootTwo(x), p); }));
  cases.expect(states == 120, [&] { return fmt::format("{} states instead of 120", states); });
  return cases.done("120 states and 1200 transitions in exact, 8-, 11- and 24-bit arithmetic, every register read exactly");
}

Outcome check_dyadic_keys() {
  return check_dyadic_keys_of(Rational(1, 2));
}

}  // namespace separatrix
