#include "proofs/quantization_law.h"

#include <cmath>

namespace separatrix {

double PowerLaw::excess(double x) const {
  return coefficient * std::pow(x, -exponent);
}

double parameter_coefficient(const QuantizationModel& m) {
  return mean_reduction(m) * std::pow(mean_parameters(m), m.alpha);
}

double token_coefficient(const QuantizationModel& m) {
  const double exponent = m.alpha / (m.alpha + 1);
  return (1 - m.epsilon) * m.expressible.reduction * std::pow(m.expressible.tokens, exponent) +
         m.epsilon * m.inexpressible.reduction * std::pow(m.inexpressible.tokens, exponent);
}

PowerLaw task_law(const QuantizationModel& m) {
  return {irreducible_loss(m), mean_reduction(m) / (m.alpha * frequency_norm(m)), m.alpha};
}

PowerLaw parameter_law(const QuantizationModel& m) {
  return {irreducible_loss(m), parameter_coefficient(m) / (m.alpha * frequency_norm(m)), m.alpha};
}

PowerLaw token_law(const QuantizationModel& m) {
  const double norm = m.alpha * std::pow(frequency_norm(m), 1 / (m.alpha + 1));
  return {irreducible_loss(m), token_coefficient(m) / norm, m.alpha / (m.alpha + 1)};
}

}  // namespace separatrix
