// Measured losses that a known law made.
#pragma once
#include <cmath>

#include "experiments/scaling/fit_file.h"
#include "tasks/rng.h"

namespace separatrix {

/// Losses of a law at 7 sizes and 5 tokens per parameter, times exp(noise z), z of mean 0 and variance 1 (a sum of twelve uniform
/// numbers).
inline std::vector<ScalingPoint> made_up_points(const ChinchillaLaw& of, double noise) {
  std::vector<ScalingPoint> points;
  Rng rng = draw(3, Purpose::test, 0, 0);
  for (const double N : {57e6, 102e6, 190e6, 371e6, 548e6, 758e6, 1279e6})
    for (const double ratio : {10, 20, 40, 80, 160}) {
      double z = -6;
      for (int i = 0; i < 12; ++i) z += rng.next() / 4294967296.0;
      points.push_back({N, ratio * N, of.loss(N, ratio * N) * std::exp(noise * z)});
    }
  return points;
}

inline std::string csv_of(const std::vector<ScalingPoint>& points) {
  std::string text = "loss,arch,D,N\n";
  for (const ScalingPoint& p : points) text += fmt::format("{:.17g},one,{},{}\n", p.loss, p.D, p.N);
  return text;
}

}  // namespace separatrix
