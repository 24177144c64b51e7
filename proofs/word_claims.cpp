// Claims about word problems: groups, Barrington's theorem, integer formulas.
#include "proofs/barrington.h"
#include "proofs/integer_formulas.h"
#include "proofs/rational_turns.h"

namespace separatrix {

Outcome check_word_closure(const BuiltModel& model);
Outcome check_word_table(const BuiltModel& model);
Outcome check_word_table_part(const BuiltModel& model);
Outcome check_long_word(const BuiltModel& model);
Outcome check_modulo_two();
Outcome check_small_registers();

namespace {

Outcome check_turns() {
  return check_rational_turns({0, 1, 2, 4}, {0, 1, 2, 3, 4, 6});
}

std::vector<Claim> group_claims() {
  const std::string every = "every number of elements", delta = "Grazzi et al. 2025; paper, Section 3.2";
  return {
      {"parity_all_lengths", "one delta-rule head of one dimension computes parity", delta, Strength::closure, every,
       "parity_by_sign_flip", check_word_closure},
      {"counter_all_lengths", "two delta-rule layers count modulo 6 in rational numbers, one reflection per token",
       "two mirrors make a turn", Strength::closure, every, "counter_by_mirrors", check_word_closure},
      {"rational_turns",
       "turns made of two rational mirrors have finite order 1, 2 or 4 in the plane, and 1, 2, 3, 4 or 6 in three-space",
       "cos and, in the plane, sin of the turn are rational (Niven)", Strength::exhaustive,
       "mirrors with entries up to 12 in the plane, up to 3 in three-space; for all entries by the argument in the file", "",
       check_turns},
      {"s5_all_lengths", "one delta-rule layer solves the word problem of S_5 when each element is spelled by four swaps",
       "every permutation of five points is at most four transpositions", Strength::closure, every + ", the whole 120 x 120 table",
       "permutations_by_swaps", check_word_closure},
      {"s5_long_word", "the same model on a very long random word", "paper, Section 3.2", Strength::sampled,
       "one word of 10,000 elements", "permutations_by_swaps", check_long_word},
      {"a5_all_lengths",
       "one delta-rule layer with keys of 3 dimensions solves the word problem of A_5, two reflections per element, over Q(sqrt 5)",
       "A_5 is the rotation group of the icosahedron", Strength::closure, every + ", the whole 60 x 60 table",
       "icosahedron_by_mirrors", check_word_closure},
      {"a5_long_word", "the same model on a very long random word", "A_5 is the rotation group of the icosahedron",
       Strength::sampled, "one word of 10,000 elements", "icosahedron_by_mirrors", check_long_word},
      {"s5_block_delay_products",
       "four delta-rule layers with one swap per token multiply two elements of S_5, one token each, after five tokens more",
       "block delay: Grazzi et al. 2025, Siems et al. 2025", Strength::sampled,
       "1 of 48 pairs of elements, in one block and in two", "permutations_by_delayed_swaps", check_word_table_part,
       "all 14,400 pairs of elements, in one block and in two", check_word_table},
      {"s5_block_delay_long_word", "the same model on a long random word, asked at every phase of a block",
       "block delay: Grazzi et al. 2025, Siems et al. 2025", Strength::sampled, "one word of 10,000 elements",
       "permutations_by_delayed_swaps", check_long_word},
  };
}

Outcome check_gates() {
  return check_barrington_gates(barrington_table());
}
Outcome check_formulas() {
  return check_barrington_formulas(barrington_table(), 8);
}
Outcome check_programs(const BuiltModel& model) {
  return check_barrington_programs(barrington_table(), model, 4);
}
Outcome check_deep_programs(const BuiltModel& model) {
  return check_barrington_programs(barrington_table(), model, 8);
}
Outcome check_fewest() {
  return check_barrington_minimum(product(barrington_table().leaf, kBarringtonPoints));
}
Outcome check_calls() {
  return check_single_calls(conjugate);
}

std::vector<Claim> barrington_claims() {
  const std::string source = "Barrington 1989, with constants that depend on the gate alone";
  return {
      {"barrington_gates",
       "the words of `and` and `or` over S_5 turn words of value gamma^x, gamma^y into gamma^(x and y), gamma^(x or y)", source,
       Strength::closure, "every formula of every depth, by induction over its gates", "", check_gates},
      {"barrington_formulas",
       "the word of a formula has the product gamma or 1 as it is true or false, and at most (14 4^d - 8) / 3 of the ten swaps",
       source, Strength::sampled, "all 202 formulas of depth <= 2, 60 of depth 3 to 8", "", check_formulas},
      {"barrington_by_swaps", "the swap layer evaluates formulas given as programs of swaps", source, Strength::sampled,
       "all 202 formulas of depth <= 2, 8 of depth 3 and 4", "swaps_by_delta_rule", check_programs,
       "all 202 formulas of depth <= 2, 24 of depth 3 to 8", check_deep_programs},
      {"barrington_shortest", "no constants for gamma = (1 2 3) have fewer than eight swaps, for either gate", source,
       Strength::exhaustive, "all constants in S_5", "", check_fewest},
      {"barrington_four_calls", "`and` needs four calls: an argument called once leaves a conjugate of gamma when it alone is true",
       source, Strength::exhaustive, "all gamma and all conjugates in S_5", "", check_calls},
  };
}

Outcome check_all_shears() {
  return check_shears(steps_of);
}
Outcome check_formula_values() {
  return check_integer_formulas(steps_of);
}
Outcome check_value_bits() {
  return check_integer_bits(steps_of);
}
Outcome check_states() {
  return check_shear_states({0, 1, 1}, {1, 0, 1});
}
Outcome check_collisions() {
  return check_shear_collisions(steps_of);
}

std::vector<Claim> integer_claims() {
  const std::string source = "Ben-Or and Cleve 1992; paper, remark on PNC1";
  return {
      {"shear_by_reflections",
       "1 / phi times R_j += x R_i, x = -1, 0, 1, is at most five delta-rule steps within the closed range of Definition 1, over "
       "Q(sqrt 5)",
       "phi = (1 + sqrt 5) / 2 is the norm of the shear", Strength::exhaustive, "all 18 shears of three registers", "",
       check_all_shears},
      {"integer_formulas", "three registers under such steps evaluate integer formulas exactly, by at most 4^d shears at depth d",
       source, Strength::sampled, "124 random formulas of depth <= 5; 2, squared up to 4 times", "", check_formula_values},
      {"integer_formulas_need_bits",
       "in p-bit arithmetic the same steps miss 4, 16 and 256 wherever the value has more than p bits: the statement is about "
       "exact numbers",
       source, Strength::exhaustive, "2, squared 1 to 3 times, every p below the bits of the value", "", check_value_bits},
      {"shears_need_states",
       "words of n shears from (1, 1, 0) have 2^n residual functions: a recurrent model needs n bits of state to go on after each",
       "the shears R_1 += R_0 and R_0 += R_1 generate a free monoid", Strength::exhaustive, "every pair of words, n <= 8", "",
       check_states},
      {"shears_collide",
       "in p-bit arithmetic two words of shears reach one state, and a suffix has different right answers after them", source,
       Strength::sampled, "p = 4, 6, 8, 11: the shortest pair", "", check_collisions},
      {"shears_modulo_two",
       "over F_2 a shear of three registers is two swaps of the seven vectors, so formulas of exclusive or and `and` are words of "
       "swaps",
       "Ben-Or and Cleve 1992, three registers over F_2", Strength::sampled,
       "all shears and exchanges; 40 random formulas of depth <= 3, by the swap layer of seven variables", "", check_modulo_two},
      {"boolean_registers",
       "boolean formulas of depth d over the integers keep every register below the Fibonacci number F(d + 2): O(d) bits, not 2^d",
       source, Strength::sampled, "every complete formula of depth <= 3, random ones of depth 4 to 7", "", check_small_registers},
  };
}

}  // namespace

std::vector<Claim> word_claims() {
  std::vector<Claim> all = group_claims();
  for (const auto list : {barrington_claims, integer_claims}) {
    const std::vector<Claim> some = list();
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace separatrix
