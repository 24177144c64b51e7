#include "experiments/cli/scaling_laws.h"

#include <cmath>

#include "experiments/scaling/published_scaling.h"
#include "models/io/whole_file.h"
#include "tasks/error.h"

namespace separatrix {

using Json = nlohmann::ordered_json;

void LawsArguments::add_to(CLI::App& verb) {
  verb.add_option("fit", file, "laws as `scaling fit --json` prints them, with --draws for intervals");
  published_given =
      verb.add_option("--published", published, "the paper's laws: free | fixed | fixed_in_text")->capture_default_str();
  verb.add_option("--reference", reference, "the architecture that the others are compared with")->capture_default_str();
  verb.add_flag("--json", json, "print JSON; what is out of reach is null");
}

std::vector<NamedLaw> LawsArguments::laws() const {
  if (!file.empty() && published_given->count() > 0) fail("{} and --published {}: give one of them", file, published);
  if (!file.empty()) return laws_from_json(read_whole(file), file);
  std::vector<NamedLaw> all;
  for (const std::string& arch : printed_architectures(published)) all.push_back({arch, printed_law(published, arch).law});
  if (all.empty()) printed_law(published, reference);  // its message says which fits there are
  return all;
}

Json finite_or_null(double x) {
  return std::isfinite(x) ? Json(x) : Json(nullptr);
}

Json to_json(const std::optional<DrawnInterval>& drawn) {
  if (!drawn) return nullptr;
  return {{"interval", {finite_or_null(drawn->interval.low), finite_or_null(drawn->interval.high)}},
          {"draws", drawn->draws},
          {"of", drawn->of}};
}

std::string to_text(const std::optional<DrawnInterval>& drawn, const char* format) {
  if (!drawn) return "";
  const auto number = [&](double x) { return fmt::format(fmt::runtime(format), x); };
  return fmt::format(
      " [{}, {}]{}", number(drawn->interval.low), number(drawn->interval.high),
      drawn->draws < drawn->of || drawn->draws < 40 ? fmt::format(" in {} of {} draws", drawn->draws, drawn->of) : "");
}

}  // namespace separatrix
