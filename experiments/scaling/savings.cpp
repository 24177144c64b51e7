#include "experiments/scaling/savings.h"

#include "tasks/error.h"
#include "tasks/nearest.h"

namespace separatrix {
namespace {

const ChinchillaLaw& find_law(const std::vector<NamedLaw>& laws, const std::string& name) {
  std::vector<std::string> names;
  for (const NamedLaw& l : laws) {
    if (l.arch == name) return l.law;
    names.push_back(l.arch);
  }
  fail("--reference {}: there are laws of {}; did you mean '{}'?", name, fmt::join(names, ", "), nearest(name, names));
}

}  // namespace

std::vector<Saving> savings(const std::vector<NamedLaw>& laws, const std::string& reference, const SavingsAt& at) {
  const ChinchillaLaw& base = find_law(laws, reference);
  std::vector<Saving> all;
  for (const auto& [arch, law] : laws) {
    if (arch == reference) continue;
    const double loss = at.target_loss;
    for (const double N : at.parameters)
      all.push_back({"tokens", arch, N, loss, tokens_for(base, loss, N), tokens_for(law, loss, N)});
    for (const double D : at.tokens)
      all.push_back({"parameters", arch, D, loss, parameters_for(base, loss, D), parameters_for(law, loss, D)});
    for (const double flops : at.flops) {
      const double reached = compute_optimal(base, flops).loss;
      all.push_back({"flops", arch, flops, reached, flops, flops_for(law, reached)});
    }
  }
  return all;
}

}  // namespace separatrix
