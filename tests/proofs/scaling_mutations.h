// The statements about scaling laws, each with one thing wrong.
#pragma once
#include <functional>
#include <map>
#include <string>

#include "proofs/quantization_checks.h"

namespace separatrix {

using Mutation = std::function<Outcome()>;
using Mutations = std::map<std::string, Mutation>;

inline void add_scaling(Mutations& m) {
  // Theorem 4's coefficients without the constant of "proportional to", an exponent of the other budget, the cost of one kind.
  m["scaling_by_tasks"] = [] { return check_task_law_of([](const QuantizationModel& q) { return PowerLaw{1, 3, q.alpha}; }); };
  m["theorem_4_parameters"] = [] {
    return check_parameter_law_of([](const QuantizationModel& q) {
      QuantizationModel equal = q;
      equal.inexpressible.parameters = q.expressible.parameters;
      return parameter_law(equal);
    });
  };
  m["theorem_4_tokens"] = [] {
    return check_token_law_of([](const QuantizationModel& q) {
      PowerLaw law = token_law(q);
      law.exponent = q.alpha;
      return law;
    });
  };
  // Were inexpressible tasks skipped for free, expressivity could cost.
  m["corollary_4_1"] = [] {
    return check_expressivity_of(
        [](const QuantizationModel& q, double N) { return excess_with_parameters(q, N / (1 - q.epsilon)); }, excess_with_tokens);
  };
  m["corollary_4_1_small_budgets"] = [] { return check_small_budgets_of(0.55); };
  m["corollary_4_2"] = [] {
    return check_irreducible_of([](const QuantizationModel& q) { return q.unlearned - q.expressible.reduction; });
  };
}

}  // namespace separatrix
