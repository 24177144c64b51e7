// The list of constructions.
#include "constructions/construction.h"
#include "tasks/nearest.h"

namespace separatrix {

const std::vector<Construction>& constructions() {
  static const std::vector<Construction> list = {
      {"swaps_by_delta_rule",
       "one gated-delta-rule layer with eigenvalues down to -1 tracks swaps of n variables, for every number of swaps",
       "paper, Section 3.2 and Figure 6: I - 2 k k^T with k = (e_i - e_j) / sqrt 2 is the transposition (i j)", "Q(sqrt 2)",
       "variables", 5, build_swaps_by_delta_rule},
      {"swaps_in_trained_form",
       "the same swaps by a layer in trained form (convolutions, SiLU, unit keys, sigmoid gates, output norm), as far as rounding "
       "carries",
       "Yang et al. 2024; Grazzi et al. 2025; SiLU preimages of +-1/4", "the reals: needs exp and square roots", "variables", 5,
       build_swaps_in_trained_form},
      {"recall_by_attention",
       "three hard-attention layers without positions look up any of m bits, for every m, with weights that do not depend on m",
       "paper, Section 3.1; Merrill and Sabharwal 2024, layer-norm hash", "Q", "numbers of the vocabulary, the largest m", 128,
       build_recall_by_attention},
      {"parity_by_sign_flip", "one delta-rule head of one dimension computes parity, for every length",
       "Grazzi et al. 2025: the eigenvalue -1", "Q", "the modulus, 2", 2, build_parity_by_sign_flip},
      {"counter_by_mirrors", "two delta-rule layers count modulo 2, 3, 4 or 6, one reflection per token, in rational numbers",
       "two mirrors make a turn; alternating signs let each token make one", "Q", "the modulus", 6, build_counter_by_mirrors},
      {"permutations_by_swaps",
       "one delta-rule layer solves the word problem of S_n, for every length, when each element is spelled by n - 1 swaps",
       "every permutation of n points is at most n - 1 transpositions", "Q(sqrt 2)", "points", 5, build_permutations_by_swaps},
      {"permutations_by_delayed_swaps",
       "four delta-rule layers solve the word problem of S_5, for every length, with one token per element and one swap per token",
       "block delay: Grazzi et al. 2025, Siems et al. 2025", "Q(sqrt 2)", "points, 5", 5, build_permutations_by_delayed_swaps},
      {"icosahedron_by_mirrors",
       "one delta-rule layer with keys of 3 dimensions solves the word problem of A_5, two reflections per element",
       "A_5 is the rotation group of the icosahedron", "Q(sqrt 5)", "dimensions, 3", 3, build_icosahedron_by_mirrors},
      {"state_based_recall_delta_rule_first",
       "two delta-rule layers, then one hard-attention layer, solve state-based recall of five pointers: any number of bits, of "
       "swaps and of reveals",
       "paper, Theorem 1, GDN + attention", "Q(sqrt 2)", "numbers of the vocabulary, the largest number of bits", 128,
       build_state_based_recall_delta_rule_first},
      {"state_based_recall_delta_rule_first_unary",
       "the same order of layers with pointers in unary: any number of marks, bits, swaps and reveals",
       "paper, Theorem 1, GDN + attention", "Q(sqrt 2)", "numbers of the vocabulary, the largest number of bits", 128,
       build_state_based_recall_delta_rule_first_unary},
      {"state_based_recall_delta_rule_first_binary",
       "the same order of layers with pointers in binary, lowest digit first: any number of digits, bits, swaps and reveals",
       "paper, Theorem 1, GDN + attention", "Q(sqrt 2)", "numbers of the vocabulary, the largest number of bits", 128,
       build_state_based_recall_delta_rule_first_binary},
      {"state_based_recall_attention_first",
       "two layers of averaging hard attention, then one delta-rule layer, solve state-based recall of five pointers: any number "
       "of bits, of swaps and of reveals",
       "paper, Theorem 1, attention + GDN", "Q(sqrt 2)", "numbers of the vocabulary, the largest number of bits", 128,
       build_state_based_recall_attention_first},
      {"state_based_recall_attention_first_unary",
       "three layers of averaging hard attention, then two delta-rule layers, solve state-based recall of five pointers in unary: "
       "any "
       "number of marks, bits, swaps and reveals",
       "paper, Theorem 1, attention + GDN", "Q(sqrt 2)", "numbers of the vocabulary, the largest number of bits", 128,
       build_state_based_recall_attention_first_unary},
      {"state_based_recall_pointers_first",
       "four delta-rule layers without attention solve state-based recall when the pointers come before the list",
       "paper, Lemma 2: the order of Definition 2 is what makes a bounded state too small", "Q(sqrt 2)",
       "numbers of the vocabulary, the largest number of bits", 128, build_state_based_recall_pointers_first},
      {"state_based_recall_in_trained_form",
       "two delta-rule layers and softmax attention in trained form (convolutions, SiLU, unit keys, sigmoid gates, output norm) "
       "solve "
       "state-based recall without reveals, as far as rounding carries; log2 n heads count",
       "paper, Theorem 1, GDN + attention; Grazzi et al. 2025; Yang et al. 2024", "the reals: needs exp and square roots",
       "numbers of the vocabulary, the largest number of bits", 128, build_state_based_recall_in_trained_form},
      {"padded_formulas",
       "21 hard-attention layers and one gated-delta-rule layer evaluate boolean formulas of n tokens with a gate and of depth "
       "D <= floor(log2 n), 3 D + 2 <= n + 1 (7 tokens or more, and 3 to 5 are too few), after O(n^3) padding tokens, with "
       "weights that do not depend on n; deeper formulas are answered anyhow",
       "paper, Theorem 3 and Corollary 3.1; Barrington 1989; Merrill and Sabharwal 2024, layer-norm hash", "R (rational weights)",
       "nothing: the weights are the same for every n", 1, build_padded_formulas, 4}};
  return list;
}

const Construction& find_construction(const std::string& name) {
  std::vector<std::string> names;
  for (const Construction& c : constructions()) {
    if (c.name == name) return c;
    names.push_back(c.name);
  }
  fail("unknown construction '{}'; did you mean '{}'?", name, nearest(name, names));
}

}  // namespace separatrix
