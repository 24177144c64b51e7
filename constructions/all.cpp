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
      {"padded_formulas",
       "21 hard-attention layers and one gated-delta-rule layer evaluate boolean formulas of depth at most floor(log2 n) after "
       "O(n^3) padding tokens, with weights that do not depend on n",
       "paper, Theorem 3 and Corollary 3.1; Barrington 1989; Merrill and Sabharwal 2024, layer-norm hash", "R (rational weights)",
       "nothing: the weights are the same for every n", 1, build_padded_formulas}};
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
