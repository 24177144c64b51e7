// AdamW (Loshchilov and Hutter 2019) with the gradient clipped to a norm, on the flat array of weights.
#pragma once
#include <vector>

#include "experiments/harness/config.h"
#include "models/weights.h"

namespace separatrix {

struct Moments {
  std::vector<float> first, second;  // (parameters) each
};

/// Euclidean norm of the gradient, summed in double.
double gradient_norm(const Weights<float>& gradient);

/// Step t = 1, 2, ... at learning rate lr:
///   g <- g min(1, clip / |g|);  m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2
///   w <- w - lr (m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + decay w)
/// `norm` is gradient_norm(gradient).  The decay spares norms, A_log and dt_bias.
void adamw_step(Weights<float>& weights, const Weights<float>& gradient, Moments& moments, const TrainConfig& config, double lr,
                std::int64_t t, double norm);

}  // namespace separatrix
