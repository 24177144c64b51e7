// Evaluation of boolean formulas in Polish notation after polynomial padding, as a padded program (paper, Corollary 3.1; the
// mechanism of Theorem 3): 21 attention layers and 47 heads that do not depend on the length write, at every padding token, the
// swap that Barrington's program has in its place, or none; one gated-delta-rule layer then multiplies the swaps.
//
// Input: <bos>, w_1 .. w_n (the formula, then blanks if any), N pads.  b = n + 1, D = floor(log2 n), depth of the formula <= D,
// 3 D + 2 <= b, N >= (7 + 2 2^D) b^2, at least one gate.  Deeper formulas are not covered.
// Pad I is the triple (c1, c2, c3) of its digits in base b.  c1 is its slab.  Slabs 0 to 6 hold tables over (c2, c3); from slab 7
// on, slabs come in pairs for A = 0, 1, ...: the row c2 of such a slab is the address a = (A, c2) of a leaf of the formula's
// complete program, and c3 is the slot of a swap at that address.
//   Every leaf at depth d stands for 2^(D-d) virtual leaves, so that the complete tree of depth D covers every shape, and the
//   left-aligned number of a node is a count.  The address in base 4 has one digit 2 copy + side per level, so that the even bits
//   of a are the virtual leaf X(a), and digit r of height H says that the constant c_r of the node at height H stands before a when
//   all lower digits are 0; c_4 stands behind it when they are all 3.
#pragma once
#include <map>

#include "constructions/padded/program.h"
#include "tasks/permutation.h"

namespace separatrix::padded {

struct FormulaProgram {
  Program program;
  std::map<Swap, Bool> swaps;  // what the token applies; at most one is true.  Points from 0
};

const FormulaProgram& formula_program();

/// The largest D with 2^D <= n.
int floor_log2(int n);
/// (7 + 2 2^D) (n + 1)^2 for n tokens between <bos> and the padding.
int padding_needed(int n);
/// Inputs of the program at each token of <bos>, the formula over & | 0 1 #, and the padding.
std::vector<std::vector<bool>> formula_inputs(const std::string& formula, int padding);
/// The inputs of one token: '^' begin, & | 0 1, '#' blank, '_' padding.
std::vector<bool> token_inputs(char symbol);

}  // namespace separatrix::padded
