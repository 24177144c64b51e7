// Fits a scaling law to points: Approach 3 of Hoffmann et al. 2022, as paper, Section 4.1 and Appendix D.2.
// The Huber loss of log(predicted loss) - log(loss) is minimised over e = log E, a = log A, b = log B, alpha, beta, in which the
// prediction is log(exp e + exp(a - alpha log N) + exp(b - beta log D)).
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "experiments/report/statistics.h"
#include "experiments/scaling/chinchilla_law.h"
#include "experiments/scaling/points.h"

namespace separatrix {

struct FitOptions {
  double huber = 1e-3;                // residuals up to this count squared, beyond it linearly (Hoffmann et al.)
  std::optional<double> alpha, beta;  // fixed exponents
  int resamples = 1000;               // of the bootstrap; 0: no intervals
  std::uint64_t seed = 0;             // of the bootstrap
};

struct LawFit {
  ChinchillaLaw law;
  double objective;  // sum of Huber losses
  double r2;         // of the losses: 1 - squared residuals / squared distances from the mean
};

/// Throws Error when the points cannot determine the law: fewer than free coefficients, or fewer different N or D than their terms
/// and E have coefficients.
void require_enough(const std::vector<ScalingPoint>& points, const FitOptions& options);

/// The best of 36 starts (six values of either exponent, E, A and B by linear least squares), each followed downhill by Levenberg's
/// and Marquardt's steps with reweighted residuals, which minimise Huber's loss.  Throws Error as require_enough.
LawFit fit_law(const std::vector<ScalingPoint>& points, const FitOptions& options);

/// The bootstrap's laws, options.resamples of them: points drawn with replacement, fitted again from the optimum and from the best
/// of the starts.  A draw that cannot determine the law is drawn again.  Draws of different streams are independent.
std::vector<ChinchillaLaw> bootstrap(const std::vector<ScalingPoint>& points, const LawFit& fit, const FitOptions& options,
                                     std::uint32_t stream = 0);

/// The stream of an architecture, by its name alone: laws fitted apart may stand in one file.
std::uint32_t stream_of(const std::string& arch);

/// Where 95 % of the draws lie, each coefficient by itself.
struct LawIntervals {
  Interval E, A, alpha, B, beta;
};
LawIntervals intervals_of(const std::vector<ChinchillaLaw>& draws);

}  // namespace separatrix
