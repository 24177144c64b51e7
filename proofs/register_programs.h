// Checks of shears over other numbers than the integers of a formula, so that a wrong rule can be shown to fail.
#pragma once
#include "constructions/ben_or_cleve.h"
#include "proofs/claim.h"
#include "tasks/permutation.h"

namespace separatrix {

/// Shears modulo 2 as swaps of seven points, for any way to write one: two swaps each, and the values of formulas modulo 2.
Outcome check_shears_modulo_two(SwapWord (*swaps_of)(const Shear& shear));
/// The largest register of boolean formulas of depth d written over the integers, against a law.
Outcome check_boolean_registers(std::int64_t (*largest)(int depth));

}  // namespace separatrix
