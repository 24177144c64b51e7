#include "experiments/scaling/chinchilla_law.h"

#include <cmath>
#include <limits>

#include "tasks/error.h"

namespace separatrix {
namespace {

/// Logarithm of the x at which scale / x^exponent = rest; infinite where there is none.  In logarithms, because the powers between
/// may leave the range of a double where the result does not (small exponents).
double log_solve(double scale, double exponent, double rest) {
  return rest > 0 ? (std::log(scale) - std::log(rest)) / exponent : std::numeric_limits<double>::infinity();
}

struct Coefficient {
  const char* name;
  double value;
};

/// The first coefficient that no law has; its name is null where there is none.
Coefficient impossible(const ChinchillaLaw& law) {
  if (!(law.E >= 0 && std::isfinite(law.E))) return {"E", law.E};
  for (const Coefficient c : {Coefficient{"A", law.A}, {"alpha", law.alpha}, {"B", law.B}, {"beta", law.beta}})
    if (!(c.value > 0 && std::isfinite(c.value))) return c;
  return {nullptr, 0};
}

}  // namespace

double ChinchillaLaw::loss(double N, double D) const {
  return E + A / std::pow(N, alpha) + B / std::pow(D, beta);
}

bool is_valid(const ChinchillaLaw& law) {
  return impossible(law).name == nullptr;
}

void require_valid(const ChinchillaLaw& law, const char* whose) {
  if (const Coefficient bad = impossible(law); bad.name)
    fail("the scaling law of {}: {} = {}, wanted a finite number above 0 (E may be 0)", whose, bad.name, bad.value);
}

double tokens_for(const ChinchillaLaw& law, double loss, double N) {
  return std::exp(log_solve(law.B, law.beta, loss - law.E - law.A / std::pow(N, law.alpha)));
}

double parameters_for(const ChinchillaLaw& law, double loss, double D) {
  return std::exp(log_solve(law.A, law.alpha, loss - law.E - law.B / std::pow(D, law.beta)));
}

Allocation compute_optimal(const ChinchillaLaw& law, double flops) {
  const double log_ratio = std::log(law.beta) + std::log(law.B) - std::log(law.alpha) - std::log(law.A);
  const double log_N = (std::log(flops / 6) - log_ratio / law.beta) * law.beta / (law.alpha + law.beta);
  const double N = std::exp(log_N), D = flops / 6 / N;
  return {N, D, law.loss(N, D)};
}

// At the optimum the two terms stand as beta to alpha, so each is a known part of loss - E.
double flops_for(const ChinchillaLaw& law, double loss) {
  const double rest = loss - law.E, sum = law.alpha + law.beta;
  return 6 * std::exp(log_solve(law.A, law.alpha, rest * law.beta / sum) + log_solve(law.B, law.beta, rest * law.alpha / sum));
}

}  // namespace separatrix
