// Figures of fitted laws: measured losses beside their law (paper, Figures 8a and 14), and savings (Figure 10).
#pragma once
#include <string>
#include <vector>

#include "experiments/report/figure.h"
#include "experiments/scaling/points.h"
#include "experiments/scaling/savings.h"

namespace separatrix {

/// The measured losses of one architecture and the law fitted to them.
struct Ladder {
  std::string arch;
  ChinchillaLaw law;
  std::vector<ScalingPoint> points;
};

/// Three panels: losses over C = 6 N D, models of one size joined by a thin line, the law at the best use of each C a thick one;
/// residuals (L - prediction) / L over the prediction; their mean absolute value by N; both in per cent.
Figure fit_figure(const std::vector<Ladder>& ladders);

/// Tokens saved over N and parameters saved over D, from the least amount of `at` to the largest (around a single one); the
/// interval of the draws shaded.  What is out of reach is not drawn.  Throws Error as savings(), and
/// when nothing is left.
Figure savings_figure(const std::vector<NamedLaw>& laws, const std::string& reference, const SavingsAt& at);

}  // namespace separatrix
