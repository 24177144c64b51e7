// Lemmas 1 and 2: the reduction and the counts with one thing wrong.
#include "proofs/lemma_1.h"
#include "proofs/lemma_2.h"
#include "proofs/residuals.h"
#include "tasks/interpreter.h"
#include "tests/catch.h"

using namespace separatrix;

namespace {

/// The first transposition of a spelling left out, or moved to the end.
SwapWord three_transpositions(const Permutation& p) {
  SwapWord word = four_transpositions(p);
  word.erase(word.begin());
  return word;
}
SwapWord in_another_order(const Permutation& p) {
  const SwapWord word = four_transpositions(p);
  return {word[1], word[2], word[3], word[0]};
}

std::size_t without_constants(int n, int c) {
  std::size_t sum = 0;
  for (int r = c + 1; r >= 1; r -= 2)
    if (r <= n - c) sum += std::size_t{1} << (r == c + 1 ? c : r);
  return sum;
}

}  // namespace

TEST_CASE("the reduction of lemma 1 fails with a transposition too few or in another place") {
  CHECK(check_reduction(four_transpositions).holds());
  CHECK(!check_reduction(three_transpositions).holds());
  CHECK(!check_reduction(in_another_order).holds());
}

TEST_CASE("a word of transpositions is asked for the image of 1 by five programs") {
  // 1 -> 2 -> 3, the first swap first: of five programs the third alone says yes.
  const SwapWord word = {{0, 1}, {1, 2}};
  for (int image = 0; image < 5; ++image) CHECK(run_program(image_program(word, image)) == (image == 2));
}

TEST_CASE("the closed form of formula residuals fails without its two constants") {
  CHECK(!check_formula_residuals(5, without_constants).holds());
  CHECK(formula_residuals(3, 1) == 2);  // `and`, `or` before two leaves
}

TEST_CASE("a residual function that forgets a bit is counted with a bit less") {
  const auto strings = all_lists(6, 2);
  CHECK(residual_count(strings, std::vector<int>{0, 1, 2, 3, 4, 5}, [](const auto& x, int i) { return x[i] == 1; }) == 64);
  CHECK(residual_count(strings, std::vector<int>{0, 1, 2, 3, 4}, [](const auto& x, int i) { return x[i] == 1; }) == 32);
}

TEST_CASE("there is no certificate against a memory with bits enough") {
  for (const char* task : {"recall", "state_based_recall", "polish_formula"}) {
    CHECK(check_collisions(task, {4}).holds());
    CHECK(!check_collisions(task, {40}).holds());
  }
}
