#include "experiments/scaling/chinchilla_law.h"

#include <cmath>
#include <limits>

#include "tasks/error.h"

namespace separatrix {
namespace {

/// The x at which scale / x^exponent = rest.
double solve(double scale, double exponent, double rest) {
  return rest > 0 ? std::pow(scale / rest, 1 / exponent) : std::numeric_limits<double>::infinity();
}

}  // namespace

double ChinchillaLaw::loss(double N, double D) const {
  return E + A / std::pow(N, alpha) + B / std::pow(D, beta);
}

bool is_valid(const ChinchillaLaw& law) {
  const auto above_0 = [](double x) { return x > 0 && std::isfinite(x); };
  return law.E >= 0 && std::isfinite(law.E) && above_0(law.A) && above_0(law.alpha) && above_0(law.B) && above_0(law.beta);
}

void require_valid(const ChinchillaLaw& law, const char* whose) {
  const auto finite = [&](const char* name, double x, bool good) {
    if (!good || !std::isfinite(x))
      fail("the scaling law of {}: {} = {}, wanted a finite number above 0 (E may be 0)", whose, name, x);
  };
  finite("E", law.E, law.E >= 0);
  finite("A", law.A, law.A > 0);
  finite("alpha", law.alpha, law.alpha > 0);
  finite("B", law.B, law.B > 0);
  finite("beta", law.beta, law.beta > 0);
}

double tokens_for(const ChinchillaLaw& law, double loss, double N) {
  return solve(law.B, law.beta, loss - law.E - law.A / std::pow(N, law.alpha));
}

double parameters_for(const ChinchillaLaw& law, double loss, double D) {
  return solve(law.A, law.alpha, loss - law.E - law.B / std::pow(D, law.beta));
}

Allocation compute_optimal(const ChinchillaLaw& law, double flops) {
  const double G = std::pow(law.beta * law.B / (law.alpha * law.A), 1 / law.beta);
  const double N = std::pow(flops / 6 / G, law.beta / (law.alpha + law.beta)), D = flops / 6 / N;
  return {N, D, law.loss(N, D)};
}

// At the optimum the two terms stand as beta to alpha, so each is a known part of loss - E.
double flops_for(const ChinchillaLaw& law, double loss) {
  const double rest = loss - law.E, sum = law.alpha + law.beta;
  return 6 * solve(law.A, law.alpha, rest * law.beta / sum) * solve(law.B, law.beta, rest * law.alpha / sum);
}

}  // namespace separatrix
