// What the statements about padded formulas share: which formulas, and how the padded program answers them.
#pragma once
#include <string>
#include <vector>

#include "constructions/padded/formula_program.h"
#include "constructions/padded/interpreter.h"
#include "proofs/claim.h"
#include "tasks/rng.h"

namespace separatrix {

/// Every binary tree with that many leaves, in Polish notation: o a gate, v a leaf.
std::vector<std::string> formula_shapes(int leaves);
/// The shape with gates and leaves read off the bits of `choice`, from bit 0 on.
std::string filled_shape(const std::string& shape, std::uint64_t choice);
/// The shape with random gates and leaves.
std::string filled_shape(const std::string& shape, Rng& rng);
/// A random formula with that many leaves and at most that depth.
std::string random_formula(Rng& rng, int leaves, int depth);
/// A random formula of any number of leaves that fits, at most floor(log2 length) deep, blanks # behind it up to `length`.
std::string random_text(Rng& rng, int length);
/// Formulas of every shape of that many leaves, blanks # behind them: the length must be enough for the depth.
std::vector<std::string> formulas_of_every_shape(int leaves, int per_shape);
/// The value of a formula that blanks may follow, by recursion.
bool value_of_text(const std::string& formula);
/// The 128 formulas over the complete tree of 7 tokens.
std::vector<std::string> all_formulas_of_seven_tokens();

/// The value that the swaps of a run leave behind: 0, 1, or -1 when they are no value or some cell of them is unknown.
int value_of_swaps(const padded::FormulaProgram& program, const padded::Cells& cells);
/// Runs the program exactly on the formula (blanks # may follow) with the padding it needs.
int exact_value(const padded::FormulaProgram& program, const std::string& formula);

/// The statements about a program; a key that is unknown or not alone throws Error.
Outcome check_seven_tokens(const padded::FormulaProgram& program);
Outcome check_shapes(const padded::FormulaProgram& program);

}  // namespace separatrix
