// Downhill on the Huber loss of a scaling law's log residuals.
#pragma once
#include <array>
#include <vector>

#include "experiments/scaling/points.h"

namespace separatrix {

/// log E, log A, alpha, log B, beta.
using LogLaw = std::array<double, 5>;

/// Points in logarithms, and what is minimised over them.
struct LogProblem {
  struct Point {
    double N, D, loss;  // logarithms
  };
  std::vector<Point> points;
  double huber;           // residuals up to this count squared / 2, beyond it linearly
  std::vector<int> free;  // which of the five coefficients change
  double objective(const LogLaw& x) const;
};

/// A minimum near `x`.  Each step is Levenberg's and Marquardt's for squares weighted by min(1, huber / |residual|), whose minimum
/// is Huber's; the objective never rises.  Ends where it no longer falls by one part in 10^12, or after a thousand steps.
LogLaw descend(const LogProblem& problem, LogLaw x);

}  // namespace separatrix
