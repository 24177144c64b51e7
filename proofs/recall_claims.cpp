// Claims about recall by hard attention and its layer-norm hash.
#include "proofs/claim.h"

namespace separatrix {

Outcome check_hash_argmax();
Outcome check_hash_bits();
Outcome check_temperature();
Outcome check_cheaper_keys();
Outcome check_recall_exhaustive(const BuiltModel& model);
Outcome check_recall_samples(const BuiltModel& model);
Outcome check_recall_bits(const BuiltModel& model);

std::vector<Claim> recall_claims() {
  static const std::string model = "recall_by_attention";
  return {
      {"hash_argmax",
       "the layer-norm hash of q has its largest product with the hash of k = q alone, which for all q is Cauchy-Schwarz on (q, 1) "
       "and (k, 1); the gap is 1 - (1 + (n^2 - n + 1)^-2)^(-1/2)",
       "Merrill and Sabharwal 2024", Strength::exhaustive, "q, k <= 150", "", check_hash_argmax},
      {"hash_bits", "it takes 4 log2 n + 2 bits, within one, to retrieve each of n positions by the hash; 24 bits reach n = 48",
       "p-bit arithmetic, every operation rounded", Strength::exhaustive, "n = 4 .. 128", "", check_hash_bits},
      {"hash_temperature",
       "a softmax over the hash's scores leaves 1/100 of its weight to wrong positions at a scale of ln 100 / g(n), 4.6 times 2 "
       "n^4: no "
       "fixed weights do for every n",
       "layer-norm hash; in double precision", Strength::sampled, "n = 16, 64, 256, 1024", "", check_temperature},
      {"cheaper_keys",
       "positions hashed as i / N with a length N that all know are 1 / (8 N^2) apart and take 2 log2 N + 4 bits, within one; the "
       "keys "
       "(k, k^2) score 1 apart and take 2 log2 n, within one",
       "Merrill and Sabharwal 2024; q^2 - (q - k)^2", Strength::exhaustive, "gaps n <= 150; bits n = 4 .. 128", "",
       check_cheaper_keys},
      {"recall_short_strings", "three hard-attention layers look up any bit", "layer-norm hash; paper, Section 3.1",
       Strength::exhaustive, "every string and index, m <= 6", model, check_recall_exhaustive},
      {"recall_long_strings", "the same model on long strings", "layer-norm hash; paper, Section 3.1", Strength::sampled,
       "6 strings of 16 to 128 bits", model, check_recall_samples},
      {"recall_bits",
       "in p-bit arithmetic the same model recalls all of m bits from p = 4 log2 m + 2 on, within one, and with fewer not; 24 bits "
       "reach m = 47",
       "layer-norm hash, every operation of the model rounded", Strength::exhaustive,
       "m = 8, 16, 32, every p from 2 to 26; m = 47, 48 at 24 bits", model, check_recall_bits},
  };
}

}  // namespace separatrix
