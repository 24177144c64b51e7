// Definition 1 writes v k^T, production layers write beta v k^T: which steps of one are steps of the other.
#include "models/mixers/gated_delta_rule.h"
#include "models/numbers/rational.h"
#include "proofs/swap_operators.h"
#include "tasks/rng.h"

namespace separatrix {
namespace {

using Vector = std::vector<Rational>;

Rational small_number(Rng& rng) {
  return Rational(static_cast<int>(rng.below(19)) - 9, 1 + static_cast<int>(rng.below(5)));
}

Vector small_numbers(Rng& rng, int n) {
  Vector x(n);
  for (Rational& e : x) e = small_number(rng);
  return x;
}

}  // namespace

/// S alpha (I - e k k^T) + v k^T  =  S alpha (I - e k k^T) + e (v / e) k^T  for e = 2 beta > 0; with e = 0 production writes
/// nothing.
Outcome check_written(Rational (*written)(const Rational& v, const Rational& erase)) {
  constexpr int rows = 2, columns = 3;
  Rng rng = draw(1, Purpose::report, 0, 0);
  Cases cases;
  for (int i = 0; i < 200; ++i) {
    Matrix<Rational> before(rows, columns);
    for (Rational& x : before.values()) x = small_number(rng);
    const Vector k = small_numbers(rng, columns), v = small_numbers(rng, rows);
    const Rational alpha(1 + static_cast<int>(rng.below(9)), 10), erase(1 + static_cast<int>(rng.below(20)), 10);
    Matrix<Rational> paper = before, production = before;
    Vector scaled = v;
    for (Rational& x : scaled) x = written(x, erase);
    delta_step<Rational>(paper, k, v, alpha, erase, Rational(1));
    delta_step<Rational>(production, k, scaled, alpha, erase, erase);
    cases.expect(paper == production, [&] { return fmt::format("draw {}: the states differ at beta > 0", i); });
    Matrix<Rational> idle = before;
    delta_step<Rational>(idle, k, v, Rational(1), Rational(0), Rational(0));
    cases.expect(idle == before, [&] { return fmt::format("draw {}: a production step of beta = 0 wrote something", i); });
  }
  return cases.done("200 random rational steps: v / (2 beta) in place of v gives the same state; beta = 0 writes nothing");
}

Outcome check_write_forms() {
  return check_written([](const Rational& v, const Rational& erase) { return v / erase; });
}

}  // namespace separatrix
