// Statements about the quantization model of scaling laws: Theorem 4, Corollaries 4.1 and 4.2.
#include "proofs/quantization_checks.h"

namespace separatrix {
namespace {

Outcome check_task_law() {
  return check_task_law_of(task_law);
}
Outcome check_parameter_law() {
  return check_parameter_law_of(parameter_law);
}
Outcome check_token_law() {
  return check_token_law_of(token_law);
}
Outcome check_expressivity() {
  return check_expressivity_of(excess_with_parameters, excess_with_tokens);
}
Outcome check_small_budgets() {
  return check_small_budgets_of(small_budget_alpha());
}
Outcome check_irreducible() {
  return check_irreducible_of(irreducible_loss);
}

}  // namespace

std::vector<Claim> scaling_claims() {
  const std::string grid = "5 exponents, 6 values of epsilon, 5 kinds of inexpressible tasks";
  return {
      {"scaling_by_tasks", "after n tasks the exact loss lies between its power law at n + 1 and at n",
       "paper, Lemma 3 of Appendix E; in double precision", Strength::sampled, "7 exponents, n up to 10^9 in steps of a tenth", "",
       check_task_law},
      {"theorem_4_parameters",
       "the exact expected loss with N parameters, over all draws of expressibility, is the power law N^-alpha of Theorem 4 up to "
       "a "
       "factor that tends to 1",
       "paper, Theorem 4 and Corollary 5.1 of Appendix E; in double precision", Strength::sampled,
       grid + "; N for 10^2 to 10^5 tasks, against bounds that hold for all N", "", check_parameter_law},
      {"theorem_4_tokens",
       "the exact expected loss with D tokens is the power law D^-(alpha/(alpha+1)) of Theorem 4 up to a factor that tends to 1",
       "paper, Theorem 4 and Lemma 7 of Appendix E; in double precision", Strength::sampled,
       grid + "; D of 10^2 to 10^9 times the first task's, against bounds that hold for all D", "", check_token_law},
      {"corollary_4_1",
       "from the budget of one task on, the laws of Theorem 4 strictly grow with epsilon wherever inexpressible tasks bring less "
       "or "
       "cost more, and at every budget the exact expected losses do not fall",
       "paper, Corollary 4.1; in double precision", Strength::sampled, grid + "; budgets of 1 to 10^9 tasks, exact ones to 10^4",
       "", check_expressivity},
      {"corollary_4_1_small_budgets",
       "with T' = T, C' = C and Delta' < Delta the printed L(D) falls as epsilon grows exactly for D < T Z^(-(alpha+1)/alpha), Z = "
       "alpha zeta(alpha+1)^(1/(alpha+1)), a budget above T for alpha < 0.590 and always below zeta(alpha+1) T, where the first "
       "task "
       "is learnable; the printed L(N) exactly for N < C (alpha zeta(alpha+1))^(-1/alpha), less than one task",
       "paper, Corollary 4.1; Corollary 5.2 and Corollary 7.1 of Appendix E, which say all N and all D; in double precision",
       Strength::sampled, "8 exponents, T' = T, C' = C, Delta' = Delta / 2, epsilon = 0 and 1/2", "", check_small_budgets},
      {"corollary_4_2", "the irreducible loss strictly grows with epsilon if and only if Delta' < Delta", "paper, Corollary 4.2",
       Strength::sampled, "5 values of Delta', 17 of epsilon", "", check_irreducible},
  };
}

}  // namespace separatrix
