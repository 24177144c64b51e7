// What follows from fitted laws, with the interval in which it lies for the laws of their bootstraps.
#pragma once
#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "experiments/report/statistics.h"
#include "experiments/scaling/fit_file.h"

namespace separatrix {

/// The central 95 % over the draws that say something: those in which both laws are valid and the quantity is no NaN.
struct DrawnInterval {
  Interval interval;
  std::size_t draws, of;  // that say something, of all
};

/// f(law of a, law of b) over the i-th draws of both; nothing where a law has no draws, or no pair of draws says anything.  Draws
/// of different laws are independent (bootstrap's streams), so that any pairing will do.
template <class F>
std::optional<DrawnInterval> over_draws(const NamedLaw& a, const NamedLaw& b, F f) {
  std::vector<double> values;
  const std::size_t pairs = std::min(a.draws.size(), b.draws.size());
  for (std::size_t i = 0; i < pairs; ++i) {
    if (!is_valid(a.draws[i]) || !is_valid(b.draws[i])) continue;
    if (const double value = f(a.draws[i], b.draws[i]); !std::isnan(value)) values.push_back(value);
  }
  if (values.empty()) return {};
  const std::size_t draws = values.size();
  return DrawnInterval{central(std::move(values)), draws, pairs};
}

}  // namespace separatrix
