#include "experiments/scaling/optimal.h"

namespace separatrix {

std::vector<Optimum> optima(const std::vector<NamedLaw>& laws, const std::string& reference, const std::vector<double>& flops) {
  const NamedLaw& base = find_law(laws, reference);
  std::vector<Optimum> all;
  for (const double C : flops) {
    const auto loss = [C](const ChinchillaLaw& law) { return compute_optimal(law, C).loss; };
    for (const NamedLaw& one : laws) {
      Optimum o{one.arch, C, compute_optimal(one.law, C), loss(one.law) - loss(base.law), {}, {}};
      o.losses = over_draws(one, one, [&](const ChinchillaLaw& law, const ChinchillaLaw&) { return loss(law); });
      if (&one != &base)
        o.differences = over_draws(one, base, [&](const ChinchillaLaw& a, const ChinchillaLaw& b) { return loss(a) - loss(b); });
      all.push_back(o);
    }
  }
  return all;
}

}  // namespace separatrix
