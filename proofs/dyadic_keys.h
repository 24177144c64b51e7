// Keys of swaps whose entries are 0, 1/2 and 1:
//   T = three blocks (1, 1; 1, -1) / sqrt 2 turns the six axes;  k_ij = T (e_i - e_j) / sqrt 2 for i, j < 5
//   register key  r_j = T (e_j + e_5) / sqrt 2,  query  q_j = sqrt 2 T e_j:   r_i . q_j = [i = j]
#pragma once
#include "models/numbers/rational.h"
#include "proofs/claim.h"

namespace separatrix {

constexpr int kSixVariables = 5, kSixDim = 6;
using SixVector = std::vector<Rational>;

/// sqrt 2 T x.
SixVector turned(const SixVector& x);
/// sqrt 2 T (e_i + sign e_j) times `scale`.
SixVector turned_pair(int i, int j, int sign, const Rational& scale);

/// Keys with entries 0, `half` and 2 `half`.
Outcome check_dyadic_keys_of(const Rational& half);
Outcome check_dyadic_words_of(const Rational& half, int swaps);
Outcome check_open_interval_words_of(const Rational& half);

}  // namespace separatrix
