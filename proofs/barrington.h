// Checks of Barrington's words for any table of constants, so that a wrong one can be shown to fail.
#pragma once
#include "constructions/barrington.h"
#include "proofs/claim.h"

namespace separatrix {

/// Both gates on all four values of their arguments: by induction every formula of every depth.
Outcome check_barrington_gates(const BarringtonTable& table);
/// Formulas one by one: all of depth <= 2, complete random ones up to `depth`.
Outcome check_barrington_formulas(const BarringtonTable& table, int depth);
/// The words as programs of state_tracking, answered by a model.
Outcome check_barrington_programs(const BarringtonTable& table, const BuiltModel& model, int depth);

/// d gamma d^-1.
Permutation conjugate(const Permutation& gamma, const Permutation& d);
/// Whether the fewest swaps in constants for this gamma are eight, for both gates.
Outcome check_barrington_minimum(const Permutation& gamma);
/// Whether what a single call leaves, by default a conjugate of gamma, is the identity for gamma = 1 alone.
Outcome check_single_calls(Permutation (*left_by_call)(const Permutation& gamma, const Permutation& d));

/// Truth of a formula in Polish notation that shares no code with the words.
std::string random_complete_formula(int depth, std::uint64_t index);
/// The distinct formulas of depth at most 2.
std::vector<std::string> shallow_formulas();

}  // namespace separatrix
