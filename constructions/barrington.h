// Boolean formulas as words of swaps (Barrington 1989), with constants that do not depend on the path to a subformula.
// Every subformula f has a word W(f) of the same two values: gamma = (1 2 3) when f is true, the identity when it is false.
//   W(0) = (),  W(1) = leaf,   W(f o g) = c0 W(f) c1 W(g) c2 W(f) c3 W(g) c4     products from left to right
// where c0 .. c4 depend on the gate o alone.  3-cycles that share one point are closed under commutators, and cost two swaps.
#pragma once
#include <array>
#include <string>

#include "tasks/permutation.h"

namespace separatrix {

constexpr int kBarringtonPoints = 5;

struct BarringtonTable {
  SwapWord leaf;  // gamma
  std::array<SwapWord, 5> and_gate, or_gate;
};

/// The shortest constants: eight swaps for each gate.
const BarringtonTable& barrington_table();

/// W(f) of a formula in Polish notation, "and or 0 1 1"; what follows the formula is not read.  A formula of depth d has at most
/// (14 4^d - 8) / 3 swaps.
SwapWord formula_word(const BarringtonTable& table, const std::string& formula);

}  // namespace separatrix
