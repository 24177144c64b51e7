// Checks of the layer-norm hash against any law, so that a wrong one can be shown to fail.
#pragma once
#include "models/numbers/rational.h"
#include "proofs/claim.h"

namespace separatrix {

/// The tangent of the least angle between two of the positions 1 .. n.
Outcome check_hash_gap(Rational (*least_tangent)(int n));
/// The bits that retrieving each of n positions takes, within one.
Outcome check_hash_law(double (*bits)(int n));
/// The largest n at which every q <= n retrieves k = q alone from the keys 1 .. n, in p-bit arithmetic, if it is below `limit`.
int largest_retrieved(int p, int limit);
/// The least scale of a softmax's logits, against the gap between the best two scores.
Outcome check_temperature_against(double (*gap)(int n));
/// The tangent of the least angle between two of the directions (i, N), i <= N.
Outcome check_cheaper_keys_against(Rational (*least_tangent)(int n));

}  // namespace separatrix
