#include "experiments/harness/optimiser.h"

#include <algorithm>
#include <cmath>

#include "experiments/harness/initialise.h"

namespace separatrix {

double gradient_norm(const Weights<float>& gradient) {
  double squares = 0;
  for (const float g : gradient.values()) squares += static_cast<double>(g) * g;
  return std::sqrt(squares);
}

void adamw_step(Weights<float>& weights, const Weights<float>& gradient, Moments& moments, const TrainConfig& c, double lr,
                std::int64_t t, double norm) {
  const float shrink = c.clip > 0 ? static_cast<float>(std::min(1.0, c.clip / std::max(norm, 1e-30))) : 1.0f;
  const float b1 = static_cast<float>(c.beta1), b2 = static_cast<float>(c.beta2), eps = static_cast<float>(c.eps);
  const float step = static_cast<float>(lr / (1 - std::pow(c.beta1, static_cast<double>(t))));
  const float root = static_cast<float>(1 / std::sqrt(1 - std::pow(c.beta2, static_cast<double>(t))));
  for (const Parameter& p : weights.layout()) {
    const float keep = decays(p) ? static_cast<float>(1 - lr * c.weight_decay) : 1.0f;
    for (std::size_t i = p.offset; i < p.offset + p.size; ++i) {
      const float g = shrink * gradient.values()[i];
      float &m = moments.first[i], &v = moments.second[i];
      m = b1 * m + (1 - b1) * g;
      v = b2 * v + (1 - b2) * g * g;
      weights.values()[i] = keep * weights.values()[i] - step * m / (std::sqrt(v) * root + eps);
    }
  }
}

}  // namespace separatrix
