// Fitted laws as JSON: what `scaling fit` prints and `scaling savings` reads.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "experiments/scaling/fit.h"

namespace separatrix {

struct NamedLaw {
  std::string arch;
  ChinchillaLaw law;
};

struct NamedFit {
  std::string arch;
  std::size_t points;
  LawFit fit;
  std::optional<LawIntervals> intervals;
};

/// {"laws": [{"arch", "E", "A", "alpha", "B", "beta", "points", "r2", "objective", "intervals": {"E": [low, high], ...}}]}
nlohmann::ordered_json to_json(const std::vector<NamedFit>& fits);

/// The laws of such a text, whatever else stands beside them.  Throws Error (naming `source`) for other JSON or a bad coefficient.
std::vector<NamedLaw> laws_from_json(const std::string& text, const std::string& source);

}  // namespace separatrix
