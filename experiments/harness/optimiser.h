// The optimizer of a run: AdamW (kernels/adamw) with the gradient clipped and the decay on matrices only.
#pragma once
#include <vector>

#include "experiments/harness/config.h"
#include "models/weights.h"

namespace separatrix {

struct Moments {
  std::vector<float> first, second;  // (parameters) each
};

/// Step t = 1, 2, ... at learning rate lr.  The decay spares norms, A_log and dt_bias.  Returns the norm of the gradient before
/// it was clipped; when that is not finite, nothing is changed.
double optimiser_step(Weights<float>& weights, const Weights<float>& gradient, Moments& moments, const TrainConfig& config,
                      double lr, std::int64_t t);

}  // namespace separatrix
