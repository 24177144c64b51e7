// What rounding a key or a gate to p bits does to repeated swaps, and where it starts or stops to matter.
#pragma once
#include "proofs/claim.h"

namespace separatrix {

/// The last number of equal swaps after which the right register is still ahead by 1/2, with the key (c, -c), c = 1 / sqrt 2
/// rounded to p bits, and the state in double precision.
int swaps_with_rounded_key(int p);
/// The law: each swap shortens the difference by 4 c^2 - 1 < 1.
double rounded_key_law(int p);
/// The last number of equal swaps with a margin of 1/2 at beta = sigmoid(b), by 113-bit arithmetic, and ln 2 / -ln tanh(b / 2).
int lazy_walk_horizon(int b);
double lazy_walk_law(int b);

Outcome check_rounded_keys_against(double (*law)(int p));
/// sigmoid(b) rounds to 1 in p bits from this b on.
Outcome check_saturation_of_gates(double (*from)(int p));
Outcome check_horizons(double (*law)(int b), const std::vector<int>& logits);

}  // namespace separatrix
