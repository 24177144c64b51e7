// How much less one scaling law needs than another for the same loss: paper, Figure 10 and Table 20.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "experiments/scaling/drawn.h"

namespace separatrix {

/// What `arch` and the reference need to reach `loss`, with `at` given: "tokens" at N parameters, "parameters" at D tokens, or
/// "flops" (6 N D, best spent; nothing given) to reach what the reference reaches with `at` FLOPs.  Infinite where it is out of
/// reach.
struct Saving {
  std::string resource, arch;
  double at, loss, reference, needed;
  std::optional<DrawnInterval> factors;                 // where the factor of the drawn laws lies
  double factor() const { return reference / needed; }  // above 1: less is needed; NaN where both are out of reach
};

/// What to compare at.
struct SavingsAt {
  double target_loss;
  std::vector<double> parameters, tokens, flops;
};

/// Of every law but the reference, which must be among them (find_law).
std::vector<Saving> savings(const std::vector<NamedLaw>& laws, const std::string& reference, const SavingsAt& at);

}  // namespace separatrix
