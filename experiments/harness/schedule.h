// Learning rate of a step: linear warm-up, then constant or half a cosine.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "experiments/harness/config.h"

namespace separatrix {

/// Learning rate of step s = 0, 1, ...  Warm-up over w steps: lr (s + 1) / w, so that the first step already learns
/// (HF Trainer's first step has learning rate 0).  Then constant, or
///   lr (r + (1 - r) (1 + cos(pi p)) / 2),  p = (s - w) / (steps - w),  r = min_lr_ratio.
inline double learning_rate(const TrainConfig& c, std::int64_t step) {
  if (step < c.warmup) return c.lr * static_cast<double>(step + 1) / static_cast<double>(c.warmup);
  if (c.schedule == "constant") return c.lr;
  const double span = static_cast<double>(std::max<std::int64_t>(1, c.steps - c.warmup));
  const double p = std::min(1.0, static_cast<double>(step - c.warmup) / span);
  return c.lr * (c.min_lr_ratio + (1 - c.min_lr_ratio) * 0.5 * (1 + std::cos(std::numbers::pi * p)));
}

}  // namespace separatrix
