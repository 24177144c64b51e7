// Checks of integer formulas by delta-rule steps, for any way to write a shear as steps, so that a wrong one can be shown to fail.
#pragma once
#include "constructions/ben_or_cleve.h"
#include "proofs/claim.h"

namespace separatrix {

using StepsOfShear = std::vector<ReflectionStep> (*)(const Shear& shear);

/// All eighteen shears: the product of the steps, and their range.
Outcome check_shears(StepsOfShear steps);
/// Formulas of depth up to 5, exactly.
Outcome check_integer_formulas(StepsOfShear steps);
/// p-bit arithmetic with fewer bits than the value has.
Outcome check_integer_bits(StepsOfShear steps);
/// Whether all words of n <= 8 shears, of these two, are told apart by the suffix that undoes one of them, in integers.
Outcome check_shear_states(const Shear& one, const Shear& other);
/// Two words of shears that p-bit arithmetic cannot tell apart, and a third that does after either.
Outcome check_shear_collisions(StepsOfShear steps);

/// The value of a formula in Polish notation; shares no code with the words.
std::int64_t integer_value(const std::string& formula);

}  // namespace separatrix
