// The parts of Lemma 2 that a test can turn wrong.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "proofs/claim.h"

namespace separatrix {

using List = std::vector<int>;
using Word = std::vector<std::pair<int, int>>;

/// Recall of up to 10 bits and equality of up to 8: 2^n residual functions after the first part.
Outcome check_recall_residuals(bool (*recalled)(const List& bits, int index), bool (*equal)(const List& x, const List& y));
/// Whether the pairs (x, x) are a fooling set of the language of pairs.
Outcome check_fooling_set(bool (*in_language)(const List& x, const List& y));
/// Residual functions of state-based recall of the first variable, at every cut of both orders.
Outcome check_state_based_recall_residuals(bool (*pointed)(const List& bits, List pointers, const Word& word));

/// Residual functions at cut c of formulas of n tokens.
std::size_t formula_residuals(int n, int c);
/// Every cut of formulas of up to `largest` tokens against a closed form.
Outcome check_formula_residuals(int largest, std::size_t (*closed_form)(int n, int c));

/// Certificates that a delta-rule memory in p-bit arithmetic confuses two prefixes of the task, for each p.
Outcome check_collisions(const std::string& task, const std::vector<int>& precisions);

/// One delta-rule block over the task's tokens, c <- c / B + i + 1 at the token digits[i], B of them; others leave c as it is.
BuiltModel memory_model(const std::string& task, const std::vector<std::string>& digits);
/// The states of the memory of bits, c <- c / 2 + 1 or 2, in p-bit arithmetic, against a closed form.
Outcome check_saturation(const BuiltModel& memory, const std::vector<int>& precisions, std::size_t (*closed_form)(int p));

}  // namespace separatrix
