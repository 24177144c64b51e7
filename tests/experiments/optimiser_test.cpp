#include "experiments/harness/optimiser.h"

#include <cmath>
#include <limits>

#include "experiments/harness/machine.h"
#include "tests/catch.h"

using namespace separatrix;

namespace {

Spec tiny() {
  ModelOptions o;
  o.pattern = "G";
  o.width = 4;
  o.heads = 1;
  o.head_dim = 2;
  o.hidden = 4;
  return make_spec(o, 3);
}

}  // namespace

TEST_CASE("three optimizer steps follow AdamW with clipping as written down, and the decay spares norms and gates") {
  use_threads(1);
  TrainConfig c;
  c.clip = 1.5;
  c.weight_decay = 0.1;
  Weights<float> w(tiny()), g(tiny());
  const std::size_t n = w.values().size();
  for (std::size_t i = 0; i < n; ++i) w.values()[i] = static_cast<float>(0.5 + 0.01 * static_cast<double>(i % 17));
  Moments moments{std::vector<float>(n), std::vector<float>(n)};
  std::vector<double> x(w.values().begin(), w.values().end()), m(n), v(n);
  for (int t = 1; t <= 3; ++t) {
    double squares = 0;
    for (std::size_t i = 0; i < n; ++i) {
      g.values()[i] = static_cast<float>(std::sin(static_cast<double>(i * t)));
      squares += static_cast<double>(g.values()[i]) * g.values()[i];
    }
    const double lr = 0.01 * t, norm = std::sqrt(squares);
    CHECK(optimiser_step(w, g, moments, c, lr, t) == Approx(norm));
    for (const Parameter& p : w.layout())
      for (std::size_t i = p.offset; i < p.offset + p.size; ++i) {
        const double gi = g.values()[i] * std::min(1.0, c.clip / (norm + 1e-6));
        m[i] = 0.9 * m[i] + 0.1 * gi;
        v[i] = 0.999 * v[i] + 0.001 * gi * gi;
        const double decay = p.shape.size() > 1 ? 0.1 : 0.0;
        x[i] -= lr * decay * x[i];
        x[i] -= lr * (m[i] / (1 - std::pow(0.9, t))) / (std::sqrt(v[i] / (1 - std::pow(0.999, t))) + 1e-8);
      }
  }
  // Each step rounds the weight a few times: 3 steps, 4 roundings of numbers below 1; lr |m/sqrt v| <= lr adds its relative error.
  for (std::size_t i = 0; i < n; ++i) CHECK(std::abs(w.values()[i] - x[i]) < 3 * 8 * std::numeric_limits<float>::epsilon());
}

TEST_CASE("a gradient that is not finite changes nothing") {
  Weights<float> w(tiny()), g(tiny());
  Moments moments{std::vector<float>(w.values().size()), std::vector<float>(w.values().size())};
  g.values()[2] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> before = w.values();
  CHECK_FALSE(std::isfinite(optimiser_step(w, g, moments, TrainConfig{}, 0.1, 1)));
  CHECK(w.values() == before);
  CHECK(moments.first == std::vector<float>(before.size()));
}
