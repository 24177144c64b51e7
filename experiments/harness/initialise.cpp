#include "experiments/harness/initialise.h"

#include <cmath>
#include <numbers>

namespace separatrix {
namespace {

/// Uniform in (0, 1): the middle of one of 2^32 equal parts.
double uniform(Rng& rng) {
  return (rng.next() + 0.5) / 4294967296.0;
}

/// Normal(0, 1) (Box and Muller 1958), one of the pair.
double normal(Rng& rng) {
  const double u = uniform(rng), v = uniform(rng);
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
}

bool ends_with(const Parameter& p, const char* suffix) {
  return p.name.ends_with(suffix);
}

double a_log(Rng& rng) {
  return std::log(16 * uniform(rng));
}

double dt_bias(Rng& rng) {
  const double dt = std::max(1e-4, std::exp(uniform(rng) * (std::log(0.1) - std::log(0.001)) + std::log(0.001)));
  return dt + std::log(-std::expm1(-dt));  // softplus(dt_bias) = dt
}

/// Standard deviation of a matrix (out, in) or a convolution (channels, 1, width).
double deviation(const Parameter& p, const ModelConfig& model) {
  if (model.init == "normal") return model.init_std;
  if (p.name.find("embed") != std::string::npos) return model.embed_std;
  return 1 / std::sqrt(static_cast<double>(p.size) / static_cast<double>(p.shape[0]));
}

double initial_value(const Parameter& p, const ModelConfig& model, Rng& rng) {
  if (ends_with(p, "A_log")) return a_log(rng);
  if (ends_with(p, "dt_bias")) return dt_bias(rng);
  if (ends_with(p, "norm.weight")) return 1;
  if (p.shape.size() > 1) return deviation(p, model) * normal(rng);
  fail("no initial value is known for {}; add one to initialise.cpp", p.name);
}

}  // namespace

bool decays(const Parameter& p) {
  return p.shape.size() > 1;
}

Weights<float> initial_weights(const Spec& spec, const ModelConfig& model, std::uint64_t seed) {
  Weights<float> weights(spec);
  const std::vector<Parameter>& layout = weights.layout();
  for (std::size_t i = 0; i < layout.size(); ++i) {
    const Parameter& p = layout[i];
    float* w = weights.values().data() + p.offset;
    // One stream per tensor, one index per number: a weight does not depend on what was drawn before it.
    for (std::size_t j = 0; j < p.size; ++j) {
      Rng rng = draw(seed, Purpose::init, static_cast<std::uint32_t>(i), j);
      w[j] = static_cast<float>(initial_value(p, model, rng));
    }
  }
  return weights;
}

}  // namespace separatrix
