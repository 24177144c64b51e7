// How many bits the padded formula program needs for formulas of one length.
#pragma once

namespace separatrix {

/// 4 log2 q + 5, q = (7 + 2 2^D) (n + 1): the largest quotient that is hashed.
double padded_bits_law(int length);
/// The least p, tried from two below the law on, with which the construction gets one formula of this length right: its answer and
/// every cell.  Two above the law: more than that.
int padded_bits_needed(int length);

}  // namespace separatrix
