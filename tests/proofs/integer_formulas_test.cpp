#include "proofs/integer_formulas.h"

#include "tests/catch.h"

using namespace separatrix;

namespace {

std::vector<ReflectionStep> without_swap(const Shear& shear) {
  std::vector<ReflectionStep> steps = steps_of(shear);
  if (shear.factor > 0) steps.erase(steps.begin() + 1);
  return steps;
}

std::vector<ReflectionStep> out_of_range(const Shear& shear) {
  std::vector<ReflectionStep> steps = steps_of(shear);
  for (ReflectionStep& step : steps) step.alpha = step.alpha * golden_ratio();  // phi times each: alpha above 1
  return steps;
}

std::vector<ReflectionStep> weak_erasure(const Shear& shear) {
  std::vector<ReflectionStep> steps = steps_of(shear);
  if (shear.factor > 0) steps[0].erase = Rational(38, 100);  // close to phi^-2 = .3819...
  return steps;
}

std::vector<ReflectionStep> sign_forgotten(const Shear& shear) {
  return steps_of({shear.from, shear.to, shear.factor * shear.factor});
}

}  // namespace

TEST_CASE("a step that is missing, weak, out of range or of the wrong sign is found by the shears") {
  for (const StepsOfShear wrong : {without_swap, out_of_range, weak_erasure, sign_forgotten}) CHECK(!check_shears(wrong).holds());
}

TEST_CASE("wrong steps are found by the values of formulas, by few bits that suffice, and by words that stay together") {
  for (const StepsOfShear wrong : {without_swap, weak_erasure, sign_forgotten}) CHECK(!check_integer_formulas(wrong).holds());
  CHECK(!check_integer_bits(sign_forgotten).holds());
  // Steps that forget which word was read cannot be told apart by any suffix.
  CHECK(!check_shear_collisions([](const Shear&) { return steps_of({0, 1, 0}); }).holds());
}

TEST_CASE("shears that commute have fewer residual functions than words") {
  CHECK(check_shear_states({0, 1, 1}, {1, 0, 1}).holds());
  CHECK(!check_shear_states({0, 1, 1}, {0, 2, 1}).holds());
  CHECK(!check_shear_states({0, 1, 1}, {0, 1, 1}).holds());
}

TEST_CASE("words of integer formulas add and multiply, at most 4^d shears at depth d") {
  const auto value = [](const std::string& formula) {
    std::int64_t r[3] = {1, 0, 0};
    for (const Shear& s : integer_formula_word(formula)) r[s.to] += s.factor * r[s.from];
    CHECK(r[0] == 1);
    CHECK(r[2] == 0);
    CHECK(r[1] == integer_value(formula));
    return r[1];
  };
  CHECK(value("-1") == -1);
  CHECK(value("+ 1 1") == 2);
  CHECK(value("* + 1 1 + 1 1") == 4);
  CHECK(value("* + 1 -1 + 1 1") == 0);
  CHECK(value("+ * + 1 1 -1 * 1 1") == -1);
  CHECK(integer_formula_word("* * 1 1 * 1 1").size() == 16);
  CHECK_THROWS_AS(integer_formula_word("+ 1"), Error);
  CHECK_THROWS_AS(integer_formula_word("+ 1 2"), Error);
}
