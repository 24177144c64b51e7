#include "experiments/harness/optimiser.h"

#include <cmath>

#include "experiments/harness/initialise.h"
#include "kernels/adamw/adamw.h"

namespace separatrix {

double optimiser_step(Weights<float>& weights, const Weights<float>& gradient, Moments& moments, const TrainConfig& c, double lr,
                      std::int64_t t) {
  const auto size = static_cast<std::ptrdiff_t>(gradient.values().size());
  const double norm = gradient_norm(size, gradient.values().data());
  if (!std::isfinite(norm)) return norm;
  const double factor = c.clip > 0 ? clip_factor(norm, c.clip) : 1.0;
  const auto update = [&](std::size_t at, std::size_t count, double decay) {
    adamw_step({lr, c.beta1, c.beta2, c.eps, decay}, t, static_cast<std::ptrdiff_t>(count), gradient.values().data() + at, factor,
               moments.first.data() + at, moments.second.data() + at, weights.values().data() + at);
  };
  if (c.weight_decay == 0) {
    update(0, gradient.values().size(), 0);
    return norm;
  }
  for (const Parameter& p : weights.layout()) update(p.offset, p.size, decays(p) ? c.weight_decay : 0);
  return norm;
}

}  // namespace separatrix
