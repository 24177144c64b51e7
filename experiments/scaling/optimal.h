// How each law spends a budget best, and what loss it reaches: paper, Table 19.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "experiments/scaling/drawn.h"

namespace separatrix {

struct Optimum {
  std::string arch;
  double flops;
  Allocation best;                           // compute_optimal
  double difference;                         // of its loss from the reference's at as many FLOPs; below 0: better
  std::optional<DrawnInterval> losses;       // of the drawn laws
  std::optional<DrawnInterval> differences;  // nothing for the reference itself
};

/// Of every law at every budget, by budgets.  Throws Error when `reference` is none of them (find_law).
std::vector<Optimum> optima(const std::vector<NamedLaw>& laws, const std::string& reference, const std::vector<double>& flops);

}  // namespace separatrix
