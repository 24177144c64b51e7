// The list of claims.
#include "proofs/claim.h"
#include "tasks/nearest.h"

namespace separatrix {

const char* strength_name(Strength strength) {
  switch (strength) {
    case Strength::closure:
      return "closure";
    case Strength::exhaustive:
      return "exhaustive";
    case Strength::sampled:
      return "sampled";
  }
  return "";
}

const std::vector<Claim>& claims() {
  static const std::string swaps = "swaps_by_delta_rule", recall = "recall_by_attention";
  static const std::vector<Claim> list = {
      {"swap_operator",
       "I - 2 k k^T with k = (e_i - e_j) / sqrt 2 is the transposition (i j); without the factor 2 it averages i and j",
       "paper, Figure 6", Strength::exhaustive, "all transpositions of 5 registers", "", check_figure_six},
      {"swaps_all_lengths", "one delta-rule layer answers state tracking rightly after any number of swaps and reveals",
       "paper, Section 3.2: DeltaNet tracks state (a part of Theorem 1)", Strength::closure, "every number of swaps", swaps,
       check_swap_closure},
      {"swaps_short_programs", "the same model on every short program, with a logit gap of at least 1", "paper, Section 3.2",
       Strength::exhaustive, "at most 3 swaps", swaps, check_swap_programs},
      {"swaps_task_examples", "the same model on examples drawn by the task", "paper, Appendix C.1", Strength::sampled,
       "48 examples of up to 256 swaps", swaps, check_swap_samples},
      {"swaps_long_words", "the same model on a very long random program", "paper, Section 3.2", Strength::sampled,
       "one word of 100,000 swaps", swaps, check_swap_long_words},
      {"swaps_need_negative_eigenvalues",
       "the same weights without negative eigenvalues cannot tell two variables apart after one swap",
       "Grazzi et al. 2025; paper, Figure 6", Strength::exhaustive, "all pairs of variables", swaps,
       check_without_negative_eigenvalues},
      {"lazy_walk",
       "for beta < 1 the step is (1 - beta) I + beta P: the mean of a walk that drops swaps; n equal swaps leave (2 beta - 1)^n",
       "Definition 1 with beta in the open interval (0, 1)", Strength::exhaustive, "5 values of beta, n <= 100", "",
       check_lazy_walk},
      {"lazy_walk_horizon", "with beta = sigmoid(b) the margin falls below 1/2 at n = ln 2 / -ln tanh(b / 2), within one step",
       "Definition 1 with sigmoid gates", Strength::sampled, "b = 2, 4, 6, 8, 10", "", check_horizon},
      {"open_interval_swap",
       "five steps with every beta in the open interval (0, 1) make (1 - 2 eps) times the exact transposition",
       "Definition 1; orthonormal basis of the registers", Strength::exhaustive, "all transpositions, 3 values of eps", "",
       check_open_interval},
      {"dyadic_swap_keys", "with keys of entries 0, 1/2, 1 every swap is exact in 8-, 11- and 24-bit arithmetic (bf16, fp16, fp32)",
       "S_5 inside the Weyl group of D_6", Strength::closure, "every number of swaps", "", check_dyadic_keys},
      {"hash_argmax",
       "the layer-norm hash of q has its largest product with the hash of k = q alone; the gap is 1 - (1 + (n^2 - n + "
       "1)^-2)^(-1/2)",
       "Merrill and Sabharwal 2024", Strength::exhaustive, "q, k <= 150", "", check_hash_argmax},
      {"hash_bits", "it takes 4 log2 n + 2 bits, within one, to retrieve each of n positions by the hash; 24 bits reach n = 48",
       "p-bit arithmetic, every operation rounded", Strength::exhaustive, "n = 4 .. 128", "", check_hash_bits},
      {"recall_short_strings", "three hard-attention layers look up any bit", "layer-norm hash; paper, Section 3.1",
       Strength::exhaustive, "every string and index, m <= 6", recall, check_recall_exhaustive},
      {"recall_long_strings", "the same model on long strings", "layer-norm hash; paper, Section 3.1", Strength::sampled,
       "6 strings of 16 to 128 bits", recall, check_recall_samples},
      {"recall_bits",
       "in p-bit arithmetic the same model recalls all of m bits from p = 4 log2 m + 2 on, within one; 24 bits reach m = 48",
       "layer-norm hash, every operation of the model rounded", Strength::exhaustive, "m = 8, 16, 32; m = 48, 49 at 24 bits",
       recall, check_recall_bits},
  };
  return list;
}

const Claim& find_claim(const std::string& name) {
  std::vector<std::string> names;
  for (const Claim& claim : claims()) {
    if (claim.name == name) return claim;
    names.push_back(claim.name);
  }
  fail("unknown statement '{}'; did you mean '{}'? (verify --list shows all)", name, nearest(name, names));
}

namespace {

/// Bad weights may ask for the impossible (a division by zero, an irrational number over Q): that is a failed check.
template <class F>
Outcome guarded(const F& f) {
  try {
    return f();
  } catch (const Error& error) {
    return {1, 1, error.what()};
  }
}

}  // namespace

Outcome check(const Claim& claim, const BuiltModel& model) {
  const auto* check_model = std::get_if<CheckModel>(&claim.check);
  if (!check_model) fail("the statement {} is about no model; verify it without --checkpoint", claim.name);
  return guarded([&] { return (*check_model)(model); });
}

Outcome check(const Claim& claim) {
  if (const auto* identity = std::get_if<CheckIdentity>(&claim.check)) return guarded(*identity);
  const Construction& c = find_construction(claim.construction);
  return check(claim, c.build(c.default_n));
}

}  // namespace separatrix
