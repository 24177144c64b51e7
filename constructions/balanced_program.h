// Every formula, at constant depth: a leaf number and a program of swaps that depend on counts below nodes alone, without tree
// contraction (in the spirit of Buss 1987 and of Ganardi and Lohrey 2019).
//   w(v) leaves below v; the heavy child is the one with more (the left one of equals); a heavy path of top h has class
//   j = floor(log2 w(h)).  A light child of class k - that is, of weight 2^k to 2^(k+1) - 1 - hangs at its path's start
//   s = w(h) - w(v) and gets the dyadic block
//     code = ceil(s 2^(3 (j-k)) / 2^(j+1))   of 3 (j - k) bits,   inside [s, s + w) / 2^(j+1) of its path's block,
//   so that the root of class k stands at level 3 k exactly, every leaf at level 0, and the depth is L = 3 floor(log2 m).
// A path is a product of functions x -> a + b x over {0, 1} (x and y: a = 0, b = y;  x or y: a = y, b = not y), and
//   a(left right) = a_left + b_left a_right, a disjoint or;   b(left right) = b_left b_right
// takes 5 slots per level: a_left | c0 b_left c1 a_right c2 b_left c3 a_right c4 with the constants of a conjunction; b uses slots
// 1 to 4.  An address is L digits 0 .. 4, and each address finds its swaps from its digits and the crossings alone.
#pragma once
#include <cstdint>
#include <functional>
#include <map>

#include "tasks/permutation.h"

namespace separatrix {

/// A formula as a binary tree.  Node 0 is the root; children come after their parent.
struct FormulaTree {
  struct Node {
    char symbol;  // & | 0 1
    int left = -1, right = -1;
    std::int64_t leaves = 1;  // below it
  };
  std::vector<Node> nodes;
  int leaves() const { return static_cast<int>(nodes[0].leaves); }
};

/// From Polish notation over & | 0 1; anything else throws Error.
FormulaTree parse_formula(const std::string& formula);
bool value_of(const FormulaTree& tree);

/// Where everything stands: bit H - 1 of a leaf number is the side taken at level H.
struct BalancedCode {
  int levels = 0;                                         // L
  std::map<std::int64_t, char> leaf_at;                   // leaf number -> 0 or 1
  std::map<std::pair<std::int64_t, int>, char> crossing;  // block begin, level -> the gate at which a light child hangs there;
                                                          // '.' at level 0: the end of a path
};
/// Throws Error when a block does not lie inside its share, or two coincide.
BalancedCode balanced_code(const FormulaTree& tree);

/// The word of swaps of all 5^L addresses, each decoded on its own: gamma = (1 2 3) when the formula is true, else the identity.
SwapWord balanced_program(const BalancedCode& code);

}  // namespace separatrix
