// Claims about state-based recall: Theorem 1 of the paper, and Lemmas 1 and 2.
#include "proofs/claim.h"

namespace separatrix {

Outcome check_theorem_1_small(const BuiltModel& model);
Outcome check_theorem_1_small_deep(const BuiltModel& model);
Outcome check_theorem_1_pointers(const BuiltModel& model);
Outcome check_theorem_1_pointers_spelled(const BuiltModel& model);
Outcome check_theorem_1_pointers_deep(const BuiltModel& model);
Outcome check_theorem_1_unique_hard(const BuiltModel& model);
Outcome check_theorem_1_unique_hard_deep(const BuiltModel& model);
Outcome check_theorem_1_examples(const BuiltModel& model);
Outcome check_theorem_1_long_words(const BuiltModel& model);
Outcome check_very_long_words_delta_rule_first();
Outcome check_very_long_words_delta_rule_first_unary();
Outcome check_very_long_words_delta_rule_first_binary();
Outcome check_very_long_words_attention_first();
Outcome check_very_long_words_attention_first_unary();
Outcome check_very_long_words_pointers_first();
Outcome check_theorem_1_all_lengths(const BuiltModel& model);
Outcome check_theorem_1_all_lengths_deep(const BuiltModel& model);
Outcome check_attention_first_all_lengths(const BuiltModel& model);
Outcome check_attention_first_all_lengths_deep(const BuiltModel& model);
Outcome check_needs_negative_eigenvalues(const BuiltModel& model);
Outcome check_needs_attention(const BuiltModel& model);
Outcome check_needs_delta_rule(const BuiltModel& model);

Outcome check_trained_recall(const BuiltModel& model);
Outcome check_trained_recall_long(const BuiltModel& model);
Outcome check_trained_recall_very_long();

Outcome check_lemma_1();
Outcome check_lemma_2_recall();
Outcome check_lemma_2_fooling_set();
Outcome check_lemma_2_state_based_recall();
Outcome check_lemma_2_formulas();
Outcome check_lemma_2_formulas_deep();
Outcome check_lemma_2_saturation();
Outcome check_collisions_recall();
Outcome check_collisions_state_based_recall();
Outcome check_collisions_formulas();

namespace {

/// The checks for all lengths.
struct Closure {
  CheckModel usual, deep;
};
constexpr Closure kDeltaRulesFirst{check_theorem_1_all_lengths, check_theorem_1_all_lengths_deep};
constexpr Closure kAttentionFirst{check_attention_first_all_lengths, check_attention_first_all_lengths_deep};

constexpr const char* kOneToken = "each pointer being one token";

/// A model and how its statements speak of it.
struct Solver {
  std::string prefix, model, words, pointers, source;
  CheckIdentity very_long;
  Closure all_lengths;
};

/// What is checked of every model of state-based recall.
void add_claims_of(const Solver& h, std::vector<Claim>& claims) {
  const std::string same = "the same model";
  claims.push_back({h.prefix + "_all_lengths",
                    h.words + " answers state-based recall rightly after any number of swaps and reveals, " + h.pointers, h.source,
                    Strength::closure, "every number of swaps and reveals; one list of 2 bits", h.model, h.all_lengths.usual,
                    "every number of swaps and reveals; one list of 7 bits, five different pointers", h.all_lengths.deep});
  claims.push_back({h.prefix + "_small", same + " on every small program", h.source, Strength::exhaustive,
                    "every string of at most 2 bits, all pointers, at most 1 swap", h.model, check_theorem_1_small,
                    "every string of at most 3 bits, all pointers, at most 2 swaps", check_theorem_1_small_deep});
  const bool one_token = h.pointers == kOneToken;
  claims.push_back({h.prefix + "_pointers", same + " reads every position of lists of every length", h.source, Strength::exhaustive,
                    fmt::format("every pointer into 1 to 8, 16, {} bits, at most 1 swap", one_token ? "32, 64 and 128" : "and 32"),
                    h.model, one_token ? check_theorem_1_pointers : check_theorem_1_pointers_spelled,
                    "every pointer into 1 to 128 bits, at most 1 swap", check_theorem_1_pointers_deep});
  claims.push_back({h.prefix + "_examples", same + " on examples drawn by the task, every reveal asked", h.source + "; Figure 5",
                    Strength::sampled, "24 examples of up to 40 bits and swaps", h.model, check_theorem_1_examples});
  claims.push_back({h.prefix + "_long_words", same + " on long random programs", h.source, Strength::sampled,
                    "2 programs, of 100 bits and of 160 swaps", h.model, check_theorem_1_long_words,
                    "2 programs of 256 bits and up to 4096 swaps", h.very_long});
}

/// Negative controls: the model without one of its parts.
void add_controls_of(const Solver& h, bool attends, std::vector<Claim>& claims) {
  const std::string same = "the same model";
  claims.push_back({h.prefix + "_needs_negative_eigenvalues",
                    same + " without negative eigenvalues cannot tell two variables apart after one swap",
                    h.source + "; Grazzi et al. 2025", Strength::exhaustive, "all pairs of variables", h.model,
                    check_needs_negative_eigenvalues});
  if (attends)
    claims.push_back({h.prefix + "_needs_attention", same + " without its attention does not see the bits", h.source,
                      Strength::exhaustive, "3 bits, every variable", h.model, check_needs_attention});
  claims.push_back({h.prefix + "_needs_delta_rule", same + " without its delta rule does not see the swaps", h.source,
                    Strength::exhaustive, "all pairs of variables", h.model, check_needs_delta_rule});
}

}  // namespace

std::vector<Claim> state_based_recall_claims() {
  const std::string delta_rule = "state_based_recall_delta_rule_first", attention = "state_based_recall_attention_first";
  const std::string first = "a hybrid, delta rule then attention,", second = "a hybrid, averaging attention then delta rule,";
  const std::string source_1 = "paper, Theorem 1 (GDN + attention)", source_2 = "paper, Theorem 1 (attention + GDN)";
  const std::string token = kOneToken, unary = "pointers in unary", binary = "pointers in binary";
  const std::vector<Solver> delta_rule_first = {
      {"theorem_1_delta_rule_first", delta_rule, first, token, source_1, check_very_long_words_delta_rule_first, kDeltaRulesFirst},
      {"theorem_1_delta_rule_first_unary", delta_rule + "_unary", first, unary, source_1,
       check_very_long_words_delta_rule_first_unary, kDeltaRulesFirst},
      {"theorem_1_delta_rule_first_binary", delta_rule + "_binary", first, binary, source_1,
       check_very_long_words_delta_rule_first_binary, kDeltaRulesFirst}};
  const std::vector<Solver> attention_first = {
      {"theorem_1_attention_first", attention, second, token, source_2, check_very_long_words_attention_first, kAttentionFirst},
      {"theorem_1_attention_first_unary", attention + "_unary", second, unary, source_2,
       check_very_long_words_attention_first_unary, kAttentionFirst}};
  std::vector<Claim> claims;
  for (const Solver& h : delta_rule_first) {
    add_claims_of(h, claims);
    claims.push_back({h.prefix + "_unique_hard", "the same model with unique-hard attention (UHAT), leftmost and rightmost",
                      "paper, Theorem 1 and Appendix B.2", Strength::exhaustive,
                      "every string of at most 2 bits, all pointers, at most 1 swap", h.model, check_theorem_1_unique_hard,
                      "every string of at most 3 bits, all pointers, at most 2 swaps", check_theorem_1_unique_hard_deep});
    add_controls_of(h, /*attends=*/true, claims);
  }
  for (const Solver& h : attention_first) {
    add_claims_of(h, claims);
    add_controls_of(h, /*attends=*/true, claims);
  }
  const std::string trained = "state_based_recall_in_trained_form";
  claims.push_back(
      {"theorem_1_trained_form",
       "a hybrid in trained form (convolutions, SiLU, unit keys, sigmoid gates, output norm, softmax attention) answers "
       "small programs in single precision",
       source_1 + "; Yang et al. 2024; Grazzi et al. 2025", Strength::exhaustive,
       "every string of 2 bits, all pointers, every single swap", trained, check_trained_recall});
  claims.push_back({"theorem_1_trained_form_long", "the same model on long random programs",
                    source_1 + "; Yang et al. 2024; Grazzi et al. 2025", Strength::sampled,
                    "2 programs, of 64 and 128 bits and 256 swaps", trained, check_trained_recall_long,
                    "1 program of 2048 bits and 4096 swaps", check_trained_recall_very_long});
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
       Strength::exhaustive, "recall n <= 12, equality n <= 8", "", check_lemma_2_recall},
      {"lemma_2_fooling_set", "the pairs (x, x) are a fooling set of w w, so n bits must pass its middle", recall,
       Strength::exhaustive, "n <= 8", "", check_lemma_2_fooling_set},
      {"lemma_2_state_based_recall_residuals",
       "state-based recall needs 2^n states after its list; with the pointers first, polynomially many at every cut",
       "paper, Lemma 2 (state-based recall)", Strength::exhaustive, "2 and 3 pointers into n <= 6 bits", "",
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
  claims.push_back(
      {"lemma_2_saturation",
       "in p bits a delta-rule layer of one number, c <- c / 2 + digit, has 2^(p - 1) + 1 states after long strings of "
       "bits: it remembers less than p bits",
       "paper, Lemma 2", Strength::closure, "every number of bits, p = 4, 6, 8, 10", "", check_lemma_2_saturation});
  const Solver pointers_first{"lemma_2_pointers_first",
                              "state_based_recall_pointers_first",
                              "with the pointers first, a model of delta rules alone",
                              kOneToken,
                              "paper, Lemma 2, positive control",
                              check_very_long_words_pointers_first,
                              kDeltaRulesFirst};
  add_claims_of(pointers_first, claims);
  add_controls_of(pointers_first, /*attends=*/false, claims);
  return claims;
}

}  // namespace separatrix
