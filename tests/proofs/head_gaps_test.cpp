// The certificates of hard attention heads against what the algebra of the hash says.
#include "proofs/head_gaps.h"

#include "constructions/construction.h"
#include "tests/catch.h"

using namespace separatrix;

TEST_CASE("the smallest gap of recall's hash is sin^2 of the angle between the keys of the two largest indices") {
  const Outcome outcome = check(find_claim("recall_long_strings"));
  REQUIRE(outcome.holds());
  REQUIRE(outcome.heads.size() == 2);
  CHECK(outcome.heads[0].gap == 1);  // whole numbers, 1 apart
  const double square = 127.0 * 127 - 127 + 1;
  CHECK(outcome.heads[1].layer == 3);
  CHECK(outcome.heads[1].gap == Approx(1 / (1 + square * square)).epsilon(1e-6));
  CHECK(outcome.heads[1].deviation == 0);
}

TEST_CASE("every order of Theorem 1 has its heads certified, and a head whose scores tie where they should not is refused") {
  CHECK(check(find_claim("theorem_1_delta_rule_first_examples")).heads.size() == 1);
  CHECK(check(find_claim("theorem_1_attention_first_unary_examples")).heads.size() == 4);
  Cases cases;
  expect_gaps(cases, {{1, 1, 5, 1e-9, 2.1e-9}, {1, 2, 5, 1e-9, 1.9e-9}});
  const Outcome outcome = cases.done("");
  CHECK(outcome.cases == 2);
  CHECK(outcome.failures == 1);
  CHECK_THAT(outcome.detail, Catch::Matchers::Contains("layer 1, head 2"));
}
