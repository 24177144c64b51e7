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
      {"recall_by_attention",
       "three hard-attention layers without positions look up any of m bits, for every m, with weights that do not depend on m",
       "paper, Section 3.1; Merrill and Sabharwal 2024, layer-norm hash", "Q", "numbers of the vocabulary, the largest m", 128,
       build_recall_by_attention},
      {"state_based_recall_delta_rule_first",
       "two delta-rule layers, then one hard-attention layer, solve state-based recall of five pointers: any number of bits, of "
       "swaps and of reveals",
       "paper, Theorem 1, GDN + attention", "Q(sqrt 2)", "numbers of the vocabulary, the largest number of bits", 128,
       build_state_based_recall_delta_rule_first},
      {"state_based_recall_attention_first",
       "two layers of averaging hard attention, then one delta-rule layer, solve state-based recall of five pointers: any number "
       "of bits, of swaps and of reveals",
       "paper, Theorem 1, attention + GDN", "Q(sqrt 2)", "numbers of the vocabulary, the largest number of bits", 128,
       build_state_based_recall_attention_first},
      {"state_based_recall_pointers_first",
       "four delta-rule layers without attention solve state-based recall when the pointers come before the list",
       "paper, Lemma 2: the order of Definition 2 is what makes a bounded state too small", "Q(sqrt 2)",
       "numbers of the vocabulary, the largest number of bits", 128, build_state_based_recall_pointers_first}};
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
