// Claims about swaps by the delta rule.
#include "proofs/claim.h"

namespace separatrix {

Outcome check_figure_six();
Outcome check_swap_closure(const BuiltModel& model);
Outcome check_swap_programs(const BuiltModel& model);
Outcome check_swap_samples(const BuiltModel& model);
Outcome check_swap_long_words(const BuiltModel& model);
Outcome check_without_negative_eigenvalues(const BuiltModel& model);
Outcome check_trained_form(const BuiltModel& model);
Outcome check_trained_form_long(const BuiltModel& model);
Outcome check_trained_form_pairs(const BuiltModel& model);
Outcome check_write_forms();
Outcome check_lazy_walk();
Outcome check_horizon();
Outcome check_horizon_deep();
Outcome check_open_interval();
Outcome check_dyadic_keys();
Outcome check_dyadic_words();
Outcome check_dyadic_words_deep();
Outcome check_open_interval_words();
Outcome check_rounded_keys();
Outcome check_saturated_gates();

std::vector<Claim> swap_claims() {
  static const std::string model = "swaps_by_delta_rule", trained = "swaps_in_trained_form";
  return {
      {"swap_operator",
       "I - 2 k k^T with k = (e_i - e_j) / sqrt 2 is the transposition (i j); without the factor 2 it averages i and j",
       "paper, Figure 6", Strength::exhaustive, "all transpositions of 5 registers", "", check_figure_six},
      {"swaps_all_lengths", "one delta-rule layer answers state tracking rightly after any number of swaps and reveals",
       "paper, Section 3.2: DeltaNet tracks state (a part of Theorem 1)", Strength::closure, "every number of swaps", model,
       check_swap_closure},
      {"swaps_short_programs", "the same model on every short program, with a logit gap of at least 1", "paper, Section 3.2",
       Strength::exhaustive, "at most 3 swaps", model, check_swap_programs},
      {"swaps_task_examples", "the same model on examples drawn by the task", "paper, Appendix C.1", Strength::sampled,
       "48 examples of up to 256 swaps", model, check_swap_samples},
      {"swaps_long_words", "the same model on a very long random program", "paper, Section 3.2", Strength::sampled,
       "one word of 100,000 swaps", model, check_swap_long_words},
      {"swaps_need_negative_eigenvalues",
       "the same weights without negative eigenvalues cannot tell two variables apart after one swap",
       "Grazzi et al. 2025; paper, Figure 6", Strength::exhaustive, "all pairs of variables", model,
       check_without_negative_eigenvalues},
      {"swaps_trained_form",
       "a layer in trained form (convolutions, SiLU, unit keys, sigmoid gates, output norm) answers every short program in single "
       "precision",
       "Yang et al. 2024; Grazzi et al. 2025", Strength::exhaustive, "2 swaps", trained, check_trained_form_pairs},
      {"swaps_trained_form_long", "the same layer on a long random program", "Yang et al. 2024; Grazzi et al. 2025",
       Strength::sampled, "one word of 4,096 swaps", trained, check_trained_form, "one word of 262,144 swaps",
       check_trained_form_long},
      {"write_forms",
       "a step of Definition 1 with beta > 0 is a production step with v / (2 beta); with beta = 0 production writes nothing",
       "Definition 1; Yang et al. 2024", Strength::sampled, "200 random rational steps", "", check_write_forms},
      {"lazy_walk",
       "for beta < 1 the step is (1 - beta) I + beta P: the mean of a walk that drops swaps; n equal swaps leave (2 beta - 1)^n",
       "Definition 1 with beta in the open interval (0, 1)", Strength::exhaustive,
       "5 values of beta, n <= 100; 20 words of 40 swaps", "", check_lazy_walk},
      {"lazy_walk_horizon", "with beta = sigmoid(b) the margin falls below 1/2 at n = ln 2 / -ln tanh(b / 2), within one step",
       "Definition 1 with sigmoid gates", Strength::sampled, "b = 2, 4, 6, 8, 10", "", check_horizon, "b = 2, 4, 6, 8, 10, 12, 16",
       check_horizon_deep},
      {"open_interval_swap",
       "five steps with every alpha and beta in the open interval (0, 1) make alpha^5 (1 - 2 eps) times the exact transposition",
       "Definition 1; orthonormal basis of the registers", Strength::exhaustive, "all transpositions, 3 values of eps", "",
       check_open_interval},
      {"dyadic_swap_keys", "with keys of entries 0, 1/2, 1 every swap is exact in 8-, 11- and 24-bit arithmetic (bf16, fp16, fp32)",
       "S_5 inside the Weyl group of D_6", Strength::closure, "every number of swaps", "", check_dyadic_keys},
      {"dyadic_swap_words", "the same, on a long random word: no register is ever off by a bit", "S_5 inside the Weyl group of D_6",
       Strength::sampled, "one word of 20,000 swaps in each arithmetic", "", check_dyadic_words,
       "one word of 1,000,000 swaps in each arithmetic", check_dyadic_words_deep},
      {"open_interval_words",
       "with these keys and every alpha and beta in (0, 1), six steps a swap, n swaps leave exactly 2^-7n times the permuted row",
       "Definition 1; p-bit arithmetic with a wide exponent", Strength::sampled, "one word of 10,000 swaps at 11 and 24 bits", "",
       check_open_interval_words},
      {"rounded_swap_keys",
       "a key whose 1 / sqrt 2 is rounded to p bits is c: each swap shortens the difference of two registers by 4 c^2 - 1, which "
       "halves it after 1,622 swaps in bf16 and fp16 and after 10^7 in fp32",
       "keys in the formats of training", Strength::exhaustive, "p = 8, 11, 24; equal swaps", "", check_rounded_keys},
      {"saturated_gates", "sigmoid(b) rounds to 1 in p bits, and the step to the exact swap, from b = (p + 1) ln 2 on",
       "Definition 1 with sigmoid gates, in the formats of training", Strength::exhaustive, "p = 8, 11, 24", "",
       check_saturated_gates},
  };
}

}  // namespace separatrix
