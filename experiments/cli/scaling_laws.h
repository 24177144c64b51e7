// Whose laws a subcommand of `separatrix scaling` is about: a fit's, or the paper's.
#pragma once
#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "experiments/scaling/drawn.h"

namespace separatrix {

struct LawsArguments {
  std::string file, published = "free", reference = "transformer";
  CLI::Option* published_given = nullptr;
  bool json = false;

  void add_to(CLI::App& verb);
  /// Throws Error when both a file and --published are given, or neither names laws.
  std::vector<NamedLaw> laws() const;
};

/// null where x is not finite
nlohmann::ordered_json finite_or_null(double x);
/// {"interval": [low, high], "draws", "of"}, or null.
nlohmann::ordered_json to_json(const std::optional<DrawnInterval>& drawn);
/// " [low, high]" by a format of one number, and of how many draws where they are few (fewer than 40 or
/// not all there are); or nothing.
std::string to_text(const std::optional<DrawnInterval>& drawn, const char* format);

}  // namespace separatrix
