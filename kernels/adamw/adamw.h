// AdamW (Loshchilov and Hutter 2019), as in PyTorch and HF Trainer, at step t = 1, 2, ...:
//   w <- (1 - lr wd) w;   m <- b1 m + (1 - b1) g;   v <- b2 v + (1 - b2) g^2;
//   w <- w - lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps)
// after g has been clipped: g <- g min(1, most / (|g| + 1e-6)), |g| over all weights together.
#pragma once
#include <cstddef>
#include <cstdint>

namespace separatrix {

struct AdamW {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
};

/// sqrt(sum g_i^2), summed in double by blocks of fixed size in fixed order: the same for every number of threads.
double gradient_norm(std::ptrdiff_t n, const float* gradient);
/// The factor that clips a gradient of that norm to `most`; 1 when it is short enough.
double clip_factor(double norm, double most = 1.0);

/// One step on flat arrays (n); the gradient is used times `gradient_factor` (clip_factor) and not changed.  step counts from 1.
void adamw_step(const AdamW& settings, std::int64_t step, std::ptrdiff_t n, const float* gradient, double gradient_factor, float* m,
                float* v, float* weights);

}  // namespace separatrix
