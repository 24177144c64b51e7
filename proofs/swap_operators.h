// Checks of single steps of the delta rule for any constant in them, so that a wrong one can be shown to fail.
#pragma once
#include "models/numbers/root_two.h"
#include "proofs/claim.h"

namespace separatrix {

/// The key of a swap has these two entries, up to the sign of the second; 1 / sqrt 2 is the right one.
Outcome check_swap_operator(const RootTwo& entry);
Outcome check_lazy_walk_of(const RootTwo& entry);
Outcome check_open_interval_of(const RootTwo& entry);
/// What production must write in place of v, for erase = 2 beta > 0, to take Definition 1's step.
Outcome check_written(Rational (*written)(const Rational& v, const Rational& erase));

}  // namespace separatrix
