// Claims about padded formula evaluation and about balancing formulas.
#include "proofs/claim.h"

namespace separatrix {

Outcome check_padded_formulas();
Outcome check_padded_shapes();
Outcome check_padded_shapes_deep();
Outcome check_padded_layers(const BuiltModel& model);
Outcome check_padded_layers_deep(const BuiltModel& model);
Outcome check_padded_heads(const BuiltModel& model);
Outcome check_padded_heads_deep(const BuiltModel& model);
Outcome check_padded_bits(const BuiltModel& model);
Outcome check_padded_bits_deep(const BuiltModel& model);
Outcome check_balanced_programs();
Outcome check_balanced_programs_deep();
Outcome check_balanced_codes();
Outcome check_balanced_codes_deep();

std::vector<Claim> padded_claims() {
  static const std::string model = "padded_formulas";
  return {
      {"padded_formulas",
       "a padded program of 21 hard-attention layers and 47 heads, the same for every length, writes the swaps whose product is "
       "the "
       "value of a formula of n tokens (blanks count) with a gate and of depth D <= floor(log2 n), 3 D + 2 <= n + 1; every cell "
       "that "
       "the answer hangs on is determined",
       "paper, Theorem 2 (its use: the padding), Theorem 3 and Corollary 3.1 (this mechanism, not all formulas with one "
       "polynomial)",
       Strength::exhaustive, "the 128 formulas over the complete tree of n = 7 tokens, in rational numbers", "",
       check_padded_formulas},
      {"padded_shapes", "the same program on formulas of every shape, and on longer ones", "paper, Corollary 3.1",
       Strength::sampled,
       "every shape of 2 to 4 leaves, 2 formulas each; 4 random formulas, n = 15 with blanks; depth <= floor(log2 n)", "",
       check_padded_shapes,
       "every shape of 2 to 5 leaves, 16 formulas each; 1,000 random formulas of any shape, n = 15 with blanks, 10 of n = 31",
       check_padded_shapes_deep},
      {"padded_layers",
       "compiled to weights of hard attention, ReLU and gated-delta-rule layers, the program gives every answer; every truth value "
       "that it determines is the exact interpreter's, and every number to within the rounding error computed for it",
       "paper, Theorem 3 and Corollary 3.1 (this mechanism); in double precision", Strength::exhaustive,
       "the 128 formulas over the complete tree of n = 7 tokens, one of 3 tokens and 9 blanks", model, check_padded_layers,
       "and 1,000 random formulas of any shape, n = 15 with blanks, 10 of n = 31, 2 of every shape of 2 to 5 leaves",
       check_padded_layers_deep},
      {"padded_heads",
       "in every head the scores of matching keys deviate by less than half the grid they are rounded to, and the "
       "runner-up is further away",
       "layer-norm hash, in double precision", Strength::sampled, "one formula of n = 7", model, check_padded_heads,
       "8 formulas of n = 7, 2 of n = 15", check_padded_heads_deep},
      {"padded_bits",
       "in p-bit arithmetic the first p above 4 log2 q + 2 at which the model is right is 4 log2 q + 5, within one, q = (7 + 2 "
       "2^D) (n + 1); at 24 bits it is not",
       "every operation of the model rounded", Strength::sampled, "one formula of n = 7", model, check_padded_bits,
       "one formula each of n = 7, 11, 13, 15, 17", check_padded_bits_deep},
      {"balanced_programs",
       "every formula of m leaves has a program of 5^(3 floor(log2 m)) addresses whose product is its value, and each address "
       "finds "
       "its swaps from its own digits and from counts below nodes",
       "in the spirit of Buss 1987 and of Ganardi and Lohrey 2019; decoded address by address, not run through layers",
       Strength::sampled, "all formulas of m <= 3 leaves, one of every shape of m <= 6, 4 of m = 7", "", check_balanced_programs,
       "all formulas of m <= 3 leaves, 16 of every shape of m <= 6, 64 of m = 7", check_balanced_programs_deep},
      {"balanced_codes",
       "the code of a formula of m leaves fits 3 floor(log2 m) levels: every block lies in its share, no two leaves meet",
       "weight classes on heavy paths", Strength::sampled, "200 random, level and comb-like formulas of up to 10,000 leaves", "",
       check_balanced_codes, "1,000 such formulas", check_balanced_codes_deep},
  };
}

}  // namespace separatrix
