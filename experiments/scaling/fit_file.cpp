#include "experiments/scaling/fit_file.h"

#include "tasks/error.h"

namespace separatrix {

nlohmann::ordered_json to_json(const std::vector<NamedFit>& fits) {
  nlohmann::ordered_json out = {{"laws", nlohmann::ordered_json::array()}};
  for (const NamedFit& f : fits) {
    const ChinchillaLaw& law = f.fit.law;
    nlohmann::ordered_json one = {{"arch", f.arch},     {"E", law.E},     {"A", law.A},
                                  {"alpha", law.alpha}, {"B", law.B},     {"beta", law.beta},
                                  {"points", f.points}, {"r2", f.fit.r2}, {"objective", f.fit.objective}};
    const auto pair = [](const Interval& i) { return nlohmann::ordered_json::array({i.low, i.high}); };
    if (f.intervals)
      one["intervals"] = {{"E", pair(f.intervals->E)},
                          {"A", pair(f.intervals->A)},
                          {"alpha", pair(f.intervals->alpha)},
                          {"B", pair(f.intervals->B)},
                          {"beta", pair(f.intervals->beta)}};
    out["laws"].push_back(one);
  }
  return out;
}

std::vector<NamedLaw> laws_from_json(const std::string& text, const std::string& source) {
  std::vector<NamedLaw> laws;
  try {
    const nlohmann::json all = nlohmann::json::parse(text);
    for (const auto& one : all.at("laws")) {
      const auto number = [&](const char* name) { return one.at(name).get<double>(); };
      laws.push_back({one.at("arch").get<std::string>(), {number("E"), number("A"), number("alpha"), number("B"), number("beta")}});
      require_valid(laws.back().law, laws.back().arch.c_str());
    }
  } catch (const nlohmann::json::exception& error) {
    fail("{}: not what `separatrix scaling fit --json` prints: {}", source, error.what());
  }
  if (laws.empty()) fail("{}: no laws; wanted what `separatrix scaling fit --json` prints", source);
  return laws;
}

}  // namespace separatrix
