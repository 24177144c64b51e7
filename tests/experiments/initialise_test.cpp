#include "experiments/harness/initialise.h"

#include <cmath>

#include "tests/catch.h"

using namespace separatrix;

namespace {

Spec small() {
  ModelOptions o;
  o.pattern = "GA";
  o.width = 48;
  o.heads = 4;
  o.head_dim = 12;
  o.hidden = 96;
  return make_spec(o, 40);
}

/// Mean and deviation of the numbers of one tensor.
std::pair<double, double> moments(std::span<const float> x) {
  double mean = 0, square = 0;
  for (const float v : x) mean += v / static_cast<double>(x.size());
  for (const float v : x) square += (v - mean) * (v - mean) / static_cast<double>(x.size());
  return {mean, std::sqrt(square)};
}

}  // namespace

TEST_CASE("initial weights have the deviation asked for, and norms are 1") {
  const Spec spec = small();
  ModelConfig model;
  const Weights<float> normal = initial_weights(spec, model, 3);
  model.init = "fan_in";
  const Weights<float> fan_in = initial_weights(spec, model, 3);
  for (const Parameter& p : normal.layout()) {
    if (p.name.find("norm") != std::string::npos) {
      for (const float w : normal[p.name]) CHECK(w == 1.0f);
    } else if (p.shape.size() > 1) {
      const bool embedding = p.name.find("embed") != std::string::npos;
      const double wanted = embedding ? 0.5 : 1 / std::sqrt(static_cast<double>(p.shape.size() == 3 ? p.shape[2] : p.shape[1]));
      // Deviation of a sample deviation: sigma / sqrt(2 n); of a mean: sigma / sqrt(n).  Five of them.
      const double n = static_cast<double>(p.size);
      CHECK(std::abs(moments(normal[p.name]).second / 0.02 - 1) < 5 / std::sqrt(2 * n));
      CHECK(std::abs(moments(fan_in[p.name]).second / wanted - 1) < 5 / std::sqrt(2 * n));
      CHECK(std::abs(moments(fan_in[p.name]).first / wanted) < 5 / std::sqrt(n));
    }
  }
}

TEST_CASE("the gates of a delta rule start with A in (0, 16) and softplus(dt_bias) in [0.001, 0.1]") {
  ModelOptions o;
  o.pattern = "G";
  o.heads = 400;
  o.head_dim = 1;
  o.position = "none";
  o.width = 4;
  const Spec spec = make_spec(o, 4);
  const Weights<float> w = initial_weights(spec, ModelConfig{}, 11);
  double mean_a = 0, mean_log_dt = 0;
  for (const float a_log : w["model.layers.0.linear_attn.A_log"]) {
    CHECK(std::exp(a_log) < 16.0001f);
    mean_a += std::exp(a_log) / 400;
  }
  for (const float bias : w["model.layers.0.linear_attn.dt_bias"]) {
    const double dt = std::log1p(std::exp(static_cast<double>(bias)));
    CHECK(dt > 0.00099);
    CHECK(dt < 0.1001);
    mean_log_dt += std::log10(dt) / 400;
  }
  CHECK(std::abs(mean_a - 8) < 5 * 16 / std::sqrt(12.0 * 400));      // uniform on (0, 16)
  CHECK(std::abs(mean_log_dt + 2) < 5 * 2 / std::sqrt(12.0 * 400));  // log10 dt uniform on (-3, -1)
}

TEST_CASE("initial weights are a function of the seed") {
  const Spec spec = small();
  CHECK(initial_weights(spec, ModelConfig{}, 1).values() == initial_weights(spec, ModelConfig{}, 1).values());
  CHECK(initial_weights(spec, ModelConfig{}, 1).values() != initial_weights(spec, ModelConfig{}, 2).values());
}
