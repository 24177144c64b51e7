#include "proofs/errata.h"

namespace separatrix {

const std::vector<Finding>& findings() {
  static const std::vector<Finding> list = {
      {"With gates in the open interval, one-step swaps are not exact",
       "Definition 1 has beta in (0, 1). Then I - 2 beta k k^T is the mean (1 - beta) I + beta P of dropping the swap and making "
       "it, "
       "and n equal swaps leave a margin of (2 beta - 1)^n: with beta = sigmoid(b) it halves after about 0.35 e^b swaps. With "
       "fixed "
       "weights and growing length the one-step swap of Section 3 and Theorem 1 is therefore not enough as written. Three ways "
       "out: the closed interval, which is what the constructions here use; rounding, by which sigmoid reaches 1 in every finite "
       "format; and five or six steps per swap, all with alpha and beta inside (0, 1), whose product is exactly a fixed multiple "
       "of the swap. By that multiple the state shrinks with every swap: it needs an exponent that grows with the "
       "length, and underflows in fp16 and fp32.",
       {"lazy_walk", "lazy_walk_horizon", "saturated_gates", "open_interval_swap", "open_interval_words", "swaps_all_lengths"},
       {}},
      {"Definition 1 is not the layer that is trained",
       "Definition 1 adds v k^T; flash-linear-attention and OlmoHybrid add beta v k^T. For beta > 0 the two differ by a scaling of "
       "v. Pure accumulation, beta = 0 with v not 0, exists in Definition 1 only (as a limit, its interval being open). Swaps "
       "and state-based recall have also been built in the trained form, with softmax attention and codes of positions that "
       "rounding "
       "does not wear out: log2 n counters in place of the layer-norm hash.",
       {"write_forms", "swaps_trained_form", "theorem_1_trained_form", "theorem_1_trained_form_long"},
       {}},
      {"The update printed in Figures 4 and 5 is not a swap",
       "`a, c = c, e` overwrites a value, after which two variables are equal and information is lost; the text speaks of swaps. "
       "Under such updates values coalesce and the task is no word problem of a group; the value that the first update copies is "
       "then right twice as often as chance at every length. The paper's transformer has 0.41 at n = 4 (Table 15), as this value "
       "has under the printed update, and is at chance from n = 8 on; Appendix C.1 speaks of swaps and assignments. So which of "
       "the "
       "two was trained on is open. The default here is `a, c = c, a`; the printed form is the option updates = printed.",
       {},
       {"separatrix tasks sample state_tracking --difficulty 8 --count 1 --seed 1 --set updates=printed",
        "separatrix tasks list state_tracking --floors --set updates=printed --set strict=100"}},
      {"Hashing positions by a layer norm needs 4 log2 n + 2 bits",
       "Recall by the layer-norm hash, used for Theorem 1's attention layer, needs scores that tell 1 / (2 n^4) apart: 24 bits "
       "(fp32) "
       "reach n = 48 and 8 bits (bf16) n = 3. A trained fp32 or bf16 model that recalls from longer lists does not do it that way, "
       "and the theorem says nothing about it.",
       {"hash_argmax", "hash_bits", "hash_temperature", "cheaper_keys", "recall_bits"},
       {"separatrix reach recall_by_attention"}},
      {"Integers need more than logarithmic precision",
       "The remark that such models reach PNC1 rests on iterated products of small integer matrices. Their values have as many "
       "bits "
       "as the formula has leaves, and in p-bit arithmetic with fewer bits two inputs of different value end in the same state. So "
       "this route lives in exact or polynomial precision, not in the logarithmic precision of Theorem 3; whether a hybrid can "
       "take "
       "another one there, since attention reads the input again, is not decided here.",
       {"integer_formulas", "integer_formulas_need_bits", "shears_collide"},
       {}},
      {"State-based recall is hard for recurrent models because the bits come first",
       "Lemma 2 counts the states that a model needs after the bits. In the order of Figure 5 and Definition 2, bits before "
       "pointers, "
       "that is 2^n. With the pointers first a number of states polynomial in n suffices, and a pure gated delta rule, built by "
       "hand, "
       "solves the task. The order is part of the statement, and the other order is its positive control.",
       {"lemma_2_state_based_recall_residuals", "lemma_2_pointers_first_small"},
       {"separatrix construct state_based_recall_pointers_first --out pointers_first"}},
      {"Lemma 1's reduction gives one bit",
       "Following one pointer through the transpositions and reading one bit says whether the word maps 1 to 1, not what it maps 1 "
       "to. "
       "A few programs, each with one further swap, give the number; with every element of A_5 spelled by exactly four "
       "transpositions "
       "no identity padding is needed.",
       {"lemma_1_reduction"},
       {}},
      {"Constants that do not depend on the path make the reduction of constant depth",
       "Barrington's recursion as usually stated conjugates the leaves, so that an instruction depends on a product along the "
       "whole path. "
       "With the same output element for every subformula and constants between the children that depend on gate and slot alone, "
       "every "
       "padding token can find its own swap at fixed depth: 21 attention layers. The numbers hashed on the way then need more than "
       "24 bits from the shortest formulas on. What was checked covers depth at most log2 n, not all formulas.",
       {"barrington_gates", "padded_formulas", "padded_bits"},
       {}},
      {"Expressivity can cost on paper where no task is learned yet",
       "Corollaries 4.1, 5.2 and 7.1 say that L(N) and L(D) fall with epsilon for all N and D. Where inexpressible tasks cost no "
       "more (T' = T, C' = C) and bring less, the printed laws do the opposite at small budgets. The last step of Corollary 7.1 "
       "takes Z = alpha zeta(alpha + 1)^(1 / (alpha + 1)) to be above 1, which it is from alpha = 0.590 on; below, and the fitted "
       "exponents are, the printed L(D) grows as epsilon falls up to D = T Z^(-(alpha + 1) / alpha), 2.06 T at alpha = 0.28. The "
       "printed L(N) does so up to N = C (alpha zeta(alpha + 1))^(-1 / alpha), 0.57 C there: Lemma 4 asks for f < 1, which the law "
       "breaks below that. Both budgets lie before the first task is learned, and of the exact expected losses the corollary holds "
       "at "
       "every budget tried.",
       {"theorem_4_parameters", "theorem_4_tokens", "corollary_4_1", "corollary_4_1_small_budgets"},
       {}},
      {"A coefficient k times smaller saves more than k times",
       "Section 4.1 says that A or B smaller by a factor k, with E fixed, reaches the same loss with k times less. In "
       "L = E + A / N^alpha + B / D^beta it takes k^(1 / alpha) times fewer parameters or k^(1 / beta) times fewer tokens: a "
       "B 1.13 times smaller, as Table 18 has it for the hybrid at beta = 0.22, is worth 1.77 times fewer tokens by itself, and "
       "with "
       "E and A as fitted 1.33 to 1.50 times fewer.",
       {},
       {"separatrix scaling savings --published fixed"}},
      {"The projected savings hang on the fit whose intervals are wide",
       "Table 20's savings come from the free fit. By the fit with fixed exponents, which the paper calls the robust one, hybrids "
       "from 1B to 70B need 1.33 to 1.50 times fewer tokens where Table 20 has 1.32 to 1.89, and pure GDNs save none. That fit "
       "is also given twice: A of Sections 4.1 and D.1.1, and E of the hybrid, lie outside their intervals in Table 18. Computed "
       "again from the printed coefficients, each derived number of Tables 19 and 20 and the two losses of Section 4.1 lie within "
       "what their rounding allows. Table 4 is not among them: its N is printed to one digit.",
       {},
       {"separatrix scaling savings --published fixed", "separatrix scaling savings", "separatrix scaling published"}},
      {"Lemma 2's proof reduces state-based recall in the wrong direction",
       "It says that state-based recall reduces to recall by deleting the tokens of state tracking. Deleting swaps changes the "
       "answer, "
       "and hardness needs the other direction: recall is state-based recall without swaps. The conclusion stands, as counting its "
       "states shows directly.",
       {"lemma_2_state_based_recall_residuals", "lemma_2_recall_residuals"},
       {}},
      {"Smaller slips",
       "Section 3.5 and Figure 7 let the transformer keep perfect recall, where Table 16 has 0.965 at m = 128. Lemma 1's list of "
       "fixed "
       "length is no instance of Definition 2, whose list grows with n; one bit of five entries is enough for hardness. Equation 7 "
       "drops the term of the softmax on its right side. In Definition 4 the learner spends C_k samples, which are parameters. "
       "Assumption 2 has Delta' > 0, and the text behind it speaks of Delta' = 0.",
       {},
       {}},
  };
  return list;
}

namespace {

const CheckedClaim& found(const std::vector<CheckedClaim>& checked, const std::string& name) {
  find_claim(name);  // an unknown name has its own message
  for (const CheckedClaim& c : checked)
    if (c.claim->name == name) return c;
  fail("the statement {} was not checked in this run", name);
}

}  // namespace

std::string errata(const std::vector<CheckedClaim>& checked) {
  std::string out =
      "# Findings about the paper\n\n"
      "Written by `separatrix verify --write-errata ERRATA.md`; do not edit. What checking \"Olmo Hybrid: From Theory to "
      "Practice\"\n"
      "by machine found, each with the commands that show it and what they counted.\n";
  int number = 0;
  for (const Finding& f : findings()) {
    out += fmt::format("\n## {}. {}\n\n{}\n\n", ++number, f.title, f.text);
    for (const std::string& name : f.claims) {
      const auto& [claim, o] = found(checked, name);
      out += fmt::format("- `separatrix verify {}`: {}, {}, {} cases: {}\n", name, o.holds() ? "holds" : "does NOT hold",
                         strength_name(claim->strength), o.cases, o.detail);
    }
    for (const std::string& command : f.commands) out += fmt::format("- `{}`\n", command);
  }
  return out;
}

}  // namespace separatrix
