// Fitted laws as JSON: what `scaling fit` prints and `scaling savings` and `scaling optimal` read.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/scaling/fit.h"

namespace separatrix {

struct NamedLaw {
  std::string arch;
  ChinchillaLaw law;
  std::vector<ChinchillaLaw> draws = {};  // of the bootstrap; none: no intervals
};

struct NamedFit {
  std::string arch;
  std::size_t points;
  LawFit fit;
  std::vector<ChinchillaLaw> draws;
};

/// {"laws": [{"arch", "E", "A", "alpha", "B", "beta", "points", "r2", "objective", "intervals": {"E": [low, high], ...},
/// "draws": [[E, A, alpha, B, beta], ...]}]}; no intervals where there are no draws, and the draws themselves only if asked for.
nlohmann::ordered_json to_json(const std::vector<NamedFit>& fits, bool with_draws);

/// The law of this architecture, the --reference.  Throws Error naming those there are when it is none.
const NamedLaw& find_law(const std::vector<NamedLaw>& laws, const std::string& arch);

/// The laws of such a text, whatever else stands beside them.  Throws Error (naming `source`) for other JSON or a bad coefficient.
std::vector<NamedLaw> laws_from_json(const std::string& text, const std::string& source);

}  // namespace separatrix
