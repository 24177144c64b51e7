// Theorem 4 of the paper: the power laws that the losses of the quantization model approach.
#pragma once
#include "proofs/quantization_model.h"

namespace separatrix {

/// irreducible + coefficient * x^-exponent, in nats.
struct PowerLaw {
  double irreducible, coefficient, exponent;
  double excess(double x) const;
  double operator()(double x) const { return irreducible + excess(x); }
};

/// Theorem 4's A_epsilon = (L_0 - L_inf) (C + epsilon (C' - C))^alpha and
/// B_epsilon = (1 - epsilon) Delta T^(alpha/(alpha+1)) + epsilon Delta' T'^(alpha/(alpha+1)).
double parameter_coefficient(const QuantizationModel& m);
double token_coefficient(const QuantizationModel& m);

/// Loss with n tasks learned (Corollary 3.1 of Appendix E), N parameters (Corollary 5.1) and D tokens (Lemma 7): the laws of
/// Theorem 4 with the constants that its "proportional to" leaves out, 1 / (alpha zeta) and 1 / (alpha zeta^(1/(alpha+1))),
/// zeta = zeta(alpha+1).
PowerLaw task_law(const QuantizationModel& m);
PowerLaw parameter_law(const QuantizationModel& m);
PowerLaw token_law(const QuantizationModel& m);

}  // namespace separatrix
