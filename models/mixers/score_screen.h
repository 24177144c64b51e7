// Which keys can have the largest hard score, told by bounds in double precision: of exact numbers only the scores of those few
// need to be compared.  A bound is never wrong, so nothing but time depends on it.
#pragma once
#include <cmath>
#include <limits>
#include <vector>

#include "models/layer_weights.h"
#include "models/numbers/cast.h"
#include "models/spec.h"

namespace separatrix {

template <Field T>
class ScoreScreen {
 public:
  /// One more key.
  void add(std::span<const T> key) {
    double square = 0;
    for (const T& x : key) keys_.push_back(ordinary(x)), square += keys_.back() * keys_.back();
    squares_.push_back(square);
  }

  /// The keys (in their order) that may score highest for q, which may be cut behind its last nonzero.
  std::vector<int> candidates(HardKeys form, std::span<const T> q, std::size_t dim) const {
    std::vector<double> near, most(squares_.size());
    for (const T& x : q) near.push_back(ordinary(x));
    double reached = -std::numeric_limits<double>::infinity();
    for (std::size_t g = 0; g < squares_.size(); ++g) {
      const auto [low, high] = bounds(form, near, keys_.data() + g * dim, squares_[g], dim);
      most[g] = high;
      if (reached < low) reached = low;
    }
    std::vector<int> out;
    for (std::size_t g = 0; g < most.size(); ++g)
      if (!(most[g] < reached)) out.push_back(static_cast<int>(g));
    return out;
  }

 private:
  struct Bounds {
    double low, high;
  };

  /// x, so far from the ends of doubles that nothing made of it here over- or underflows; or NaN, which spreads and rules nothing
  /// out.
  static double ordinary(const T& x) {
    if (x == T(0)) return 0;
    const double near = to_double(x);
    return 1e-40 < std::fabs(near) && std::fabs(near) < 1e40 ? near : std::numeric_limits<double>::quiet_NaN();
  }

  // Each double is within 2^-53 of its number, as every operation is of its result: sums of d products err by less than
  // (d + 4) 2^-53 of the sum of magnitudes.  Twice that covers the rounding of the bounds themselves.
  static constexpr double kUnit = 0x1p-52;

  static Bounds bounds(HardKeys form, const std::vector<double>& q, const double* key, double square, std::size_t dim) {
    double product = 0, magnitude = 0;
    for (std::size_t i = 0; i < q.size(); ++i) product += q[i] * key[i], magnitude += std::fabs(q[i] * key[i]);
    const double relative = (static_cast<double>(dim) + 4) * kUnit, error = relative * magnitude;
    const Bounds p{product - error, product + error};
    if (form == HardKeys::as_given || square == 0) return p;
    const Bounds s{square * (1 - relative), square * (1 + relative)};
    const double low = p.low * std::fabs(p.low) / (p.low < 0 ? s.low : s.high);
    const double high = p.high * std::fabs(p.high) / (p.high < 0 ? s.high : s.low);
    return {low - 4 * kUnit * std::fabs(low), high + 4 * kUnit * std::fabs(high)};
  }

  std::vector<double> keys_;     // (keys, head_dim)
  std::vector<double> squares_;  // (keys): |k|^2
};

}  // namespace separatrix
