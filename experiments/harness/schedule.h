// Learning rate of a step: linear warm-up, then half a cosine, or constant with a linear cooldown at the end (or none).
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "experiments/harness/config.h"

namespace separatrix {

/// Learning rate of step s = 0, 1, ...  Warm-up over w steps: lr (s + 1) / w, so that the first step already learns
/// (HF Trainer's first step has learning rate 0).  Then lr (r + (1 - r) f) with r = min_lr_ratio and
///   cosine    f = (1 + cos(pi p)) / 2,  p = (s - w) / (steps - w)
///   constant  f = 1 until `cooldown` steps are left, then (steps - s) / (cooldown + 1)
inline double learning_rate(const TrainConfig& c, std::int64_t step) {
  if (step < c.warmup) return c.lr * static_cast<double>(step + 1) / static_cast<double>(c.warmup);
  const auto above_least = [&](double f) { return c.lr * (c.min_lr_ratio + (1 - c.min_lr_ratio) * f); };
  if (c.schedule == "constant") {
    const double left = static_cast<double>(c.steps - step), cooldown = static_cast<double>(c.cooldown);
    return left > cooldown ? c.lr : above_least(left / (cooldown + 1));
  }
  const double span = static_cast<double>(std::max<std::int64_t>(1, c.steps - c.warmup));
  const double p = std::min(1.0, static_cast<double>(step - c.warmup) / span);
  return above_least(0.5 * (1 + std::cos(std::numbers::pi * p)));
}

}  // namespace separatrix
