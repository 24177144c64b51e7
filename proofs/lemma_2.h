// The parts of Lemma 2 that a test can turn wrong.
#pragma once
#include "proofs/claim.h"

namespace separatrix {

/// Residual functions at cut c of formulas of n tokens.
std::size_t formula_residuals(int n, int c);
/// Every cut of formulas of up to `largest` tokens against a closed form.
Outcome check_formula_residuals(int largest, std::size_t (*closed_form)(int n, int c));

/// Certificates that a delta-rule memory in p-bit arithmetic confuses two prefixes of the task, for each p.
Outcome check_collisions(const std::string& task, const std::vector<int>& precisions);

}  // namespace separatrix
