// Checks of the layer-norm hash against any law, so that a wrong one can be shown to fail.
#pragma once
#include "models/numbers/rational.h"
#include "proofs/claim.h"

namespace separatrix {

/// The tangent of the least angle between two of the positions 1 .. n.
Outcome check_hash_gap(Rational (*least_tangent)(int n));
/// The bits that retrieving each of n positions takes, within one.
Outcome check_hash_law(double (*bits)(int n));

}  // namespace separatrix
