#include "proofs/barrington.h"

#include <set>

#include "tests/catch.h"

using namespace separatrix;

TEST_CASE("a swap more or less in any constant of Barrington's table breaks the gates and the formulas") {
  for (const bool is_or : {false, true})
    for (int c = 0; c < 5; ++c) {
      BarringtonTable table = barrington_table();
      SwapWord& constant = (is_or ? table.or_gate : table.and_gate)[c];
      constant.back() = constant.back() == Swap{0, 1} ? Swap{1, 2} : Swap{0, 1};
      CHECK(!check_barrington_gates(table).holds());
      CHECK(!check_barrington_formulas(table, 3).holds());
    }
  BarringtonTable exchanged = barrington_table();
  std::swap(exchanged.and_gate, exchanged.or_gate);
  CHECK(!check_barrington_gates(exchanged).holds());
  BarringtonTable leafless = barrington_table();
  leafless.leaf.clear();
  CHECK(!check_barrington_gates(leafless).holds());
  BarringtonTable outside = barrington_table();
  outside.leaf[0] = {0, 0};  // no swap
  CHECK(!check_barrington_formulas(outside, 3).holds());
}

TEST_CASE("a wrong constant or a wrong swap shows in what the swap layer answers") {
  BarringtonTable table = barrington_table();
  table.and_gate[2].pop_back();
  CHECK(!check_barrington_programs(table, build_swaps_by_delta_rule(5), 3).holds());
  BuiltModel wrong = build_swaps_by_delta_rule(5);
  wrong.weights["model.layers.0.linear_attn.k_conv1d.weight"][0] = Exact(0);  // channel of `a`, lag 3
  CHECK(!check(find_claim("barrington_by_swaps"), wrong).holds());
  CHECK(!check(find_claim("barrington_by_swaps"), build_swaps_by_delta_rule(6)).holds());
}

TEST_CASE("another gamma needs other constants, and without the inverse a single call can be cancelled") {
  CHECK(!check_barrington_minimum(product({{0, 1}}, 5)).holds());                          // odd
  CHECK(!check_barrington_minimum(product({{0, 1}, {0, 2}, {0, 3}, {0, 4}}, 5)).holds());  // five points
  CHECK(!check_single_calls([](const Permutation& gamma, const Permutation& d) { return then(d, gamma); }).holds());
}

TEST_CASE("there are 202 formulas of depth at most 2, and a word of depth d has at most (14 4^d - 8) / 3 swaps") {
  const std::vector<std::string> shallow = shallow_formulas();
  CHECK(std::set<std::string>(shallow.begin(), shallow.end()).size() == 202);
  // The bound is met by the complete formula of true leaves: two swaps at each of 4^d leaves, eight at each of (4^d - 1) / 3 gates.
  CHECK(formula_word(barrington_table(), "1").size() == 2);
  CHECK(formula_word(barrington_table(), "and 1 1").size() == 16);
  CHECK(formula_word(barrington_table(), "or and 1 1 or 1 1").size() == 72);
  CHECK_THROWS_AS(formula_word(barrington_table(), "and 1"), Error);
  CHECK_THROWS_AS(formula_word(barrington_table(), "nand 1 1"), Error);
}
