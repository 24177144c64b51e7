// Theorem 4 and its corollaries, checked in double precision over a grid of models and budgets.  Each check takes the part of the
// statement that could be wrong.
#pragma once
#include "proofs/claim.h"
#include "proofs/quantization_law.h"

namespace separatrix {

using LawOf = PowerLaw (*)(const QuantizationModel& m);
using ExcessOf = double (*)(const QuantizationModel& m, double budget);

/// Models to check over: exponents, shares of inexpressible tasks, and what those cost and bring (paper, Figure 11's three kinds
/// and all equal).
std::vector<QuantizationModel> quantization_grid();

/// L_(n+1) <= exact loss after n tasks <= L_n.
Outcome check_task_law_of(LawOf law);
/// The exact loss over the law, both above the irreducible loss, lies within bounds that tend to 1:
/// with x = (D / (zeta T'))^(1/(alpha+1)) tasks learnable even if inexpressible, (1 + 1/x)^-alpha to (1 - 1/x)^-alpha;
Outcome check_token_law_of(LawOf law);
/// with parameters, bounds by Wald's identity, Jensen's and Hoeffding's inequalities (quantization_checks.cpp).
Outcome check_parameter_law_of(LawOf law);
/// Laws strictly, and exact losses weakly, grow with epsilon, from the budget of one task on.
Outcome check_expressivity_of(ExcessOf with_parameters, ExcessOf with_tokens);
/// Below the tokens that the most frequent task needs, the printed token law falls with epsilon for alpha below `from`, not above.
Outcome check_small_budgets_of(double from);
/// alpha zeta(alpha+1)^(1/(alpha+1)) = 1: below this alpha the last step of Corollary 7.1 fails.
double small_budget_alpha();
/// The irreducible loss strictly grows with epsilon if and only if Delta' < Delta.
Outcome check_irreducible_of(double (*irreducible)(const QuantizationModel& m));

}  // namespace separatrix
