#include "experiments/scaling/savings.h"

#include <functional>

#include "tasks/error.h"

namespace separatrix {
namespace {

/// What a law needs for a loss.
using Need = std::function<double(const ChinchillaLaw&, double loss)>;

Saving saving(const char* resource, const NamedLaw& base, const NamedLaw& other, double at, double loss, const Need& need) {
  const auto factor = [&](const ChinchillaLaw& a, const ChinchillaLaw& b) { return need(a, loss) / need(b, loss); };
  return {resource, other.arch, at, loss, need(base.law, loss), need(other.law, loss), over_draws(base, other, factor)};
}

/// The loss to be reached is the reference's own with so many FLOPs, in every draw that of its draw.
Saving flops_saving(const NamedLaw& base, const NamedLaw& other, double flops) {
  const auto needed = [&](const ChinchillaLaw& a, const ChinchillaLaw& b) { return flops_for(b, compute_optimal(a, flops).loss); };
  const auto factor = [&](const ChinchillaLaw& a, const ChinchillaLaw& b) { return flops / needed(a, b); };
  return {"flops",
          other.arch,
          flops,
          compute_optimal(base.law, flops).loss,
          flops,
          needed(base.law, other.law),
          over_draws(base, other, factor)};
}

}  // namespace

std::vector<Saving> savings(const std::vector<NamedLaw>& laws, const std::string& reference, const SavingsAt& at) {
  const NamedLaw& base = find_law(laws, reference);
  if (laws.size() == 1) fail("the law of {} is the only one: there is nothing to compare it with", reference);
  std::vector<Saving> all;
  for (const NamedLaw& other : laws) {
    if (other.arch == reference) continue;
    const double loss = at.target_loss;
    for (const double N : at.parameters)
      all.push_back(
          saving("tokens", base, other, N, loss, [N](const ChinchillaLaw& law, double to) { return tokens_for(law, to, N); }));
    for (const double D : at.tokens)
      all.push_back(saving("parameters", base, other, D, loss,
                           [D](const ChinchillaLaw& law, double to) { return parameters_for(law, to, D); }));
    for (const double flops : at.flops) all.push_back(flops_saving(base, other, flops));
  }
  return all;
}

}  // namespace separatrix
