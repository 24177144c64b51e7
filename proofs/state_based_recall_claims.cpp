// Claims about state-based recall: Theorem 1 of the paper, and Lemmas 1 and 2.
#include "proofs/claim.h"

namespace separatrix {

Outcome check_theorem_1_small(const BuiltModel& model);
Outcome check_theorem_1_small_deep(const BuiltModel& model);
Outcome check_theorem_1_unique_hard(const BuiltModel& model);
Outcome check_theorem_1_examples(const BuiltModel& model);
Outcome check_theorem_1_long_words(const BuiltModel& model);
Outcome check_very_long_words_delta_rule_first();
Outcome check_very_long_words_attention_first();
Outcome check_very_long_words_pointers_first();
Outcome check_theorem_1_all_lengths(const BuiltModel& model);
Outcome check_theorem_1_all_lengths_deep(const BuiltModel& model);
Outcome check_needs_negative_eigenvalues(const BuiltModel& model);
Outcome check_needs_attention(const BuiltModel& model);
Outcome check_needs_delta_rule(const BuiltModel& model);

Outcome check_lemma_1();
Outcome check_lemma_2_recall();
Outcome check_lemma_2_fooling_set();
Outcome check_lemma_2_state_based_recall();
Outcome check_lemma_2_formulas();
Outcome check_lemma_2_formulas_deep();
Outcome check_collisions_recall();
Outcome check_collisions_state_based_recall();
Outcome check_collisions_formulas();

namespace {

struct Order {
  std::string prefix, model, words, source;
  CheckIdentity very_long;
};

/// What is checked of both orders of layers.
void add_claims_of(const Order& order, std::vector<Claim>& claims) {
  const std::string same = "the same model";
  claims.push_back({order.prefix + "_small", order.words + " solves state-based recall, each pointer being one token", order.source,
                    Strength::exhaustive, "every string of at most 2 bits, all pointers, at most 1 swap", order.model,
                    check_theorem_1_small, "every string of at most 3 bits, all pointers, at most 2 swaps",
                    check_theorem_1_small_deep});
  claims.push_back({order.prefix + "_examples", same + " on examples drawn by the task, every reveal asked",
                    order.source + "; Figure 5", Strength::sampled, "24 examples of up to 40 bits and swaps", order.model,
                    check_theorem_1_examples});
  claims.push_back({order.prefix + "_long_words", same + " on long random programs", order.source, Strength::sampled,
                    "2 programs, of 100 bits and of 160 swaps", order.model, check_theorem_1_long_words,
                    "2 programs of 256 bits and up to 4096 swaps", order.very_long});
}

/// The controls: every part of a hybrid is needed.
void add_controls_of(const Order& order, std::vector<Claim>& claims) {
  const std::string same = "the same model";
  claims.push_back({order.prefix + "_needs_negative_eigenvalues",
                    same + " without negative eigenvalues cannot tell two variables apart after one swap",
                    order.source + "; Grazzi et al. 2025", Strength::exhaustive, "all pairs of variables", order.model,
                    check_needs_negative_eigenvalues});
  claims.push_back({order.prefix + "_needs_attention", same + " without its attention does not see the bits", order.source,
                    Strength::exhaustive, "3 bits, every variable", order.model, check_needs_attention});
  claims.push_back({order.prefix + "_needs_delta_rule", same + " without its delta rule does not see the swaps", order.source,
                    Strength::exhaustive, "all pairs of variables", order.model, check_needs_delta_rule});
}

}  // namespace

std::vector<Claim> state_based_recall_claims() {
  const std::string delta_rule = "state_based_recall_delta_rule_first", attention = "state_based_recall_attention_first";
  std::vector<Claim> claims = {
      {"theorem_1_delta_rule_first_all_lengths",
       "a hybrid, delta rule then attention, answers state-based recall rightly after any number of swaps and reveals",
       "paper, Theorem 1 (GDN + attention)", Strength::closure, "every number of swaps and reveals; one list of 2 bits", delta_rule,
       check_theorem_1_all_lengths, "every number of swaps and reveals; one list of 7 bits, five different pointers",
       check_theorem_1_all_lengths_deep},
      {"theorem_1_delta_rule_first_unique_hard", "the same model with unique-hard attention (UHAT), leftmost and rightmost",
       "paper, Theorem 1 and Appendix B.2", Strength::exhaustive, "every string of 2 bits, all pointers, at most 1 swap",
       delta_rule, check_theorem_1_unique_hard}};
  for (const Order& order : {Order{"theorem_1_delta_rule_first", delta_rule, "a hybrid, delta rule then attention",
                                   "paper, Theorem 1 (GDN + attention)", check_very_long_words_delta_rule_first},
                             {"theorem_1_attention_first", attention, "a hybrid, averaging attention then delta rule",
                              "paper, Theorem 1 (attention + GDN)", check_very_long_words_attention_first}}) {
    add_claims_of(order, claims);
    add_controls_of(order, claims);
  }
  return claims;
}

std::vector<Claim> lemma_claims() {
  const std::string recall = "paper, Lemma 2 (recall)", formulas = "paper, Lemma 2 (formulas in Polish notation)";
  std::vector<Claim> claims = {
      {"lemma_1_reduction",
       "the word problem of A5 over transpositions reduces to state-based recall symbol by symbol; that this makes it NC1-hard, "
       "beyond fixed-depth transformers if TC0 != NC1, is cited",
       "paper, Lemma 1; Barrington 1986; Merrill and Sabharwal 2023; Chiang 2025", Strength::cited,
       "checked: the reduction, on all words of at most 2 transpositions, all of A5, 200 random words", "", check_lemma_1},
      {"lemma_2_recall_residuals", "after n bits a reader of recall, or of w w, must be in one of 2^n states", recall,
       Strength::exhaustive, "recall n <= 10, equality n <= 8", "", check_lemma_2_recall},
      {"lemma_2_fooling_set", "the pairs (x, x) are a fooling set of w w, so n bits must pass its middle", recall,
       Strength::exhaustive, "n <= 8", "", check_lemma_2_fooling_set},
      {"lemma_2_state_based_recall_residuals",
       "state-based recall needs 2^n states after its list; with the pointers first, polynomially many at every cut",
       "paper, Lemma 2 (state-based recall)", Strength::exhaustive, "2 pointers into n <= 6, 3 into n <= 4 bits", "",
       check_lemma_2_state_based_recall},
      {"lemma_2_formula_residuals",
       "formulas of n tokens need, at cut c, the sum over r = c + 1, c - 1, .. <= n - c of 2^r + 1 states (2^c for r = c + 1)",
       formulas, Strength::exhaustive, "every cut, n <= 9", "", check_lemma_2_formulas, "every cut, n <= 11",
       check_lemma_2_formulas_deep}};
  for (const auto& [name, words, check] : {std::tuple{"recall", "recall", &check_collisions_recall},
                                           {"state_based_recall", "state-based recall", &check_collisions_state_based_recall},
                                           {"formulas", "formulas", &check_collisions_formulas}})
    claims.push_back(
        {fmt::format("lemma_2_collisions_{}", name),
         fmt::format("a delta-rule layer that keeps every prefix of {} apart in exact numbers confuses two in p bits, and "
                     "one of them is then answered wrongly",
                     words),
         "paper, Lemma 2", Strength::sampled, "one layer of one number, p = 4, 6, 8", "", check});
  add_claims_of(
      {"lemma_2_pointers_first", "state_based_recall_pointers_first", "with the pointers first, a model of delta rules alone",
       "paper, Lemma 2, positive control", check_very_long_words_pointers_first},
      claims);
  return claims;
}

}  // namespace separatrix
