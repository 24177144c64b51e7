// Claims about state-based recall: Theorem 1 of the paper.
#include "proofs/claim.h"

namespace separatrix {

Outcome check_theorem_1_small(const BuiltModel& model);
Outcome check_theorem_1_small_deep(const BuiltModel& model);
Outcome check_theorem_1_unique_hard(const BuiltModel& model);
Outcome check_theorem_1_examples(const BuiltModel& model);
Outcome check_theorem_1_long_words(const BuiltModel& model);
Outcome check_very_long_words_delta_rule_first();
Outcome check_very_long_words_attention_first();
Outcome check_theorem_1_all_lengths(const BuiltModel& model);
Outcome check_theorem_1_all_lengths_deep(const BuiltModel& model);
Outcome check_needs_negative_eigenvalues(const BuiltModel& model);
Outcome check_needs_attention(const BuiltModel& model);
Outcome check_needs_delta_rule(const BuiltModel& model);

namespace {

struct Order {
  std::string prefix, model, words, source;
  CheckIdentity very_long;
};

/// What is checked of both orders of layers.
void add_claims_of(const Order& order, std::vector<Claim>& claims) {
  const std::string same = "the same model";
  claims.push_back({order.prefix + "_small", order.words + " solves state-based recall", order.source, Strength::exhaustive,
                    "every string of at most 2 bits, all pointers, at most 1 swap", order.model, check_theorem_1_small,
                    "every string of at most 3 bits, all pointers, at most 2 swaps", check_theorem_1_small_deep});
  claims.push_back({order.prefix + "_examples", same + " on examples drawn by the task, every reveal asked",
                    order.source + "; Figure 5", Strength::sampled, "24 examples of up to 40 bits and swaps", order.model,
                    check_theorem_1_examples});
  claims.push_back({order.prefix + "_long_words", same + " on long random programs", order.source, Strength::sampled,
                    "2 programs, of 100 bits and of 160 swaps", order.model, check_theorem_1_long_words,
                    "2 programs of 256 bits and up to 4096 swaps", order.very_long});
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
  add_claims_of({"theorem_1_delta_rule_first", delta_rule, "a hybrid, delta rule then attention",
                 "paper, Theorem 1 (GDN + attention)", check_very_long_words_delta_rule_first},
                claims);
  add_claims_of({"theorem_1_attention_first", attention, "a hybrid, averaging attention then delta rule",
                 "paper, Theorem 1 (attention + GDN)", check_very_long_words_attention_first},
                claims);
  return claims;
}

}  // namespace separatrix
