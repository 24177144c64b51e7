// The reduction of Lemma 1, from words of permutations to programs of state-based recall.
#pragma once
#include "proofs/claim.h"
#include "tasks/permutation.h"

namespace separatrix {

/// An even permutation of five points as exactly four transpositions: (1 2)(1 2) pads, since no letter of the word problem may
/// be the identity.
SwapWord four_transpositions(const Permutation& p);

/// The program of state-based recall that asks whether the word maps point 0 to `image`: the list is 1, 0, 0, 0, 0, variable j
/// points at entry j, the swaps are the word's and one more of the first variable and `image`, and the first variable is asked.
std::string image_program(const SwapWord& word, int image);

using Spell = SwapWord (*)(const Permutation& p);
/// The claim, for a way to spell the elements of A5.
Outcome check_reduction(Spell spell);

}  // namespace separatrix
