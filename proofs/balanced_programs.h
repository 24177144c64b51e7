// Checks of balanced programs for any code of a formula, so that a wrong one can be shown to fail.
#pragma once
#include "constructions/balanced_program.h"
#include "proofs/claim.h"

namespace separatrix {

using MakeCode = BalancedCode (*)(const FormulaTree& tree);

/// All formulas of at most 3 leaves, `per_shape` of each shape of 4 to 6, `of_seven` of 7: the product of the program.
Outcome check_programs(int per_shape, int of_seven, MakeCode code);
/// Random formulas of up to `most_leaves` leaves: the levels of the code and the places of its leaves.
Outcome check_codes(int formulas, int most_leaves, MakeCode code);

}  // namespace separatrix
