// Figures found by an independent program (exact fractions in Python, one C++ file), which ours must also find.
#include <map>

#include "constructions/barrington.h"
#include "constructions/icosahedron.h"
#include "proofs/claim.h"
#include "proofs/layer_norm_hash.h"
#include "proofs/padded_formulas.h"
#include "proofs/rounded_steps.h"
#include "tests/catch.h"

using namespace separatrix;

namespace {

std::string detail_of(const std::string& claim) {
  const Outcome o = check(find_claim(claim));
  CHECK(o.holds());
  return o.detail;
}

using Catch::Matchers::Contains;

}  // namespace

TEST_CASE("transposition lengths of S_5 and A_5") {
  std::map<std::size_t, int> all, even;
  for (const Permutation& p : all_permutations(5)) {
    ++all[swap_word(p).size()];
    if (is_even(p)) ++even[swap_word(p).size()];
  }
  CHECK(all == std::map<std::size_t, int>{{0, 1}, {1, 10}, {2, 35}, {3, 50}, {4, 24}});
  CHECK(even == std::map<std::size_t, int>{{0, 1}, {2, 35}, {4, 24}});
  CHECK(icosahedral_mirrors().size() == 15);
}

TEST_CASE("word lengths: two swaps a leaf, eight of constants a gate, 19112 at most at depth 6") {
  const BarringtonTable& table = barrington_table();
  CHECK(table.leaf.size() == 2);
  for (const auto* gate : {&table.and_gate, &table.or_gate}) {
    std::vector<std::size_t> sizes;
    for (const SwapWord& c : *gate) sizes.push_back(c.size());
    CHECK(sizes == std::vector<std::size_t>{1, 2, 2, 2, 1});
  }
  std::string formula = "1";
  for (int depth = 1; depth <= 6; ++depth) formula = "and " + formula + " " + formula;
  CHECK(formula_word(table, formula).size() == 19112);
}

TEST_CASE("horizons, rounded keys and saturated gates") {
  for (const auto& [b, n] : {std::pair{6, 139}, {8, 1033}, {10, 7633}, {12, 56406}}) CHECK(lazy_walk_horizon(b) == n);
  CHECK(swaps_with_rounded_key(8) == 1622);
  CHECK(swaps_with_rounded_key(11) == 1622);
  CHECK_THAT(detail_of("saturated_gates"), Contains("6.24, 8.32 and 17.33"));
}

TEST_CASE("the layer-norm hash: positions that 8 and 11 bits tell apart, and the temperature at n = 1024") {
  CHECK(largest_retrieved(8, 100) == 3);
  CHECK(largest_retrieved(11, 100) == 5);
  CHECK_THAT(detail_of("hash_temperature"), Contains("n = 1024: 1.01e+13"));
}

TEST_CASE("residual functions of Polish formulas at the middle of nine tokens") {
  CHECK_THAT(detail_of("lemma_2_formula_residuals"), Contains("at the middle of n = 9: 28 residual functions"));
}

TEST_CASE("states of a binary memory in p bits") {
  CHECK_THAT(detail_of("lemma_2_saturation"), Contains("p = 4: 9 states") && Contains("p = 6: 33 states") &&
                                                  Contains("p = 8: 129 states") && Contains("p = 10: 513 states"));
}

TEST_CASE("largest registers of boolean formulas over the integers") {
  CHECK_THAT(detail_of("boolean_registers"), Contains("largest register 1, 2, 4, 7, 12,"));
}

TEST_CASE("the padded program: 21 layers, 47 heads, 32 bits at n = 7") {
  const auto& program = padded::formula_program().program;
  CHECK(program.layers() == 21);
  CHECK(program.heads() == 47);
  CHECK_THAT(detail_of("padded_bits"), Contains("n = 7: 32 bits"));
}
