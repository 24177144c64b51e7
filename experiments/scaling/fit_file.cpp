#include "experiments/scaling/fit_file.h"

#include <limits>
#include <set>

#include "models/io/json_reason.h"
#include "tasks/error.h"
#include "tasks/nearest.h"

namespace separatrix {
namespace {

/// A draw may be no law (a negative exponent, or a coefficient beyond what a double holds, which JSON has as null).
ChinchillaLaw draw_from_json(const nlohmann::json& draw, const std::string& source) {
  if (!draw.is_array() || draw.size() != 5) fail("{}: a draw is [E, A, alpha, B, beta], not {}", source, draw.dump());
  const auto number = [&](std::size_t i) {
    return draw.at(i).is_null() ? std::numeric_limits<double>::quiet_NaN() : draw.at(i).get<double>();
  };
  return {number(0), number(1), number(2), number(3), number(4)};
}

}  // namespace

nlohmann::ordered_json to_json(const std::vector<NamedFit>& fits, bool with_draws) {
  nlohmann::ordered_json out = {{"laws", nlohmann::ordered_json::array()}};
  for (const NamedFit& f : fits) {
    const ChinchillaLaw& law = f.fit.law;
    nlohmann::ordered_json one = {{"arch", f.arch},     {"E", law.E},     {"A", law.A},
                                  {"alpha", law.alpha}, {"B", law.B},     {"beta", law.beta},
                                  {"points", f.points}, {"r2", f.fit.r2}, {"objective", f.fit.objective}};
    const auto pair = [](const Interval& i) { return nlohmann::ordered_json::array({i.low, i.high}); };
    if (!f.draws.empty()) {
      const LawIntervals i = intervals_of(f.draws);
      one["intervals"] = {{"E", pair(i.E)}, {"A", pair(i.A)}, {"alpha", pair(i.alpha)}, {"B", pair(i.B)}, {"beta", pair(i.beta)}};
    }
    if (with_draws)
      for (const ChinchillaLaw& d : f.draws) one["draws"].push_back({d.E, d.A, d.alpha, d.B, d.beta});
    out["laws"].push_back(one);
  }
  return out;
}

const NamedLaw& find_law(const std::vector<NamedLaw>& laws, const std::string& arch) {
  std::vector<std::string> names;
  for (const NamedLaw& l : laws) {
    if (l.arch == arch) return l;
    names.push_back(l.arch);
  }
  fail("--reference {}: there are laws of {}; did you mean '{}'?", arch, fmt::join(names, ", "), nearest(arch, names));
}

std::vector<NamedLaw> laws_from_json(const std::string& text, const std::string& source) {
  std::vector<NamedLaw> laws;
  try {
    const nlohmann::json all = nlohmann::json::parse(text);
    for (const auto& one : all.at("laws")) {
      const auto number = [&](const char* name) { return one.at(name).get<double>(); };
      laws.push_back({one.at("arch").get<std::string>(), {number("E"), number("A"), number("alpha"), number("B"), number("beta")}});
      require_valid(laws.back().law, laws.back().arch.c_str());
      if (!one.contains("draws")) continue;
      if (!one.at("draws").is_array()) fail("{}: draws wants a list", source);
      for (const auto& d : one.at("draws")) laws.back().draws.push_back(draw_from_json(d, source));
    }
  } catch (const nlohmann::json::exception& error) {
    fail("{}: {}; wanted what `separatrix scaling fit --json` prints", source, json_reason(error));
  }
  std::set<std::string> names;
  for (const NamedLaw& law : laws)
    if (!names.insert(law.arch).second) fail("{}: two laws of {}; give each architecture one", source, law.arch);
  if (laws.empty()) fail("{}: no laws; wanted what `separatrix scaling fit --json` prints", source);
  return laws;
}

}  // namespace separatrix
