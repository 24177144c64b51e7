// Wilson intervals and exact comparison of proportions; see the header for the formula.
#include "experiments/report/statistics.h"

#include <algorithm>
#include <cmath>

namespace separatrix {

double Counts::accuracy() const {
  return static_cast<double>(correct) / static_cast<double>(counted);
}

bool Counts::at_least(std::int64_t numerator, std::int64_t denominator) const {
  return counted > 0 && correct * denominator >= numerator * counted;
}

Counts& Counts::operator+=(const Counts& other) {
  correct += other.correct;
  counted += other.counted;
  return *this;
}

int compare(const Counts& a, const Counts& b) {
  const std::int64_t left = a.correct * b.counted, right = b.correct * a.counted;
  return (left > right) - (left < right);
}

Interval wilson(const Counts& counts) {
  if (counts.counted == 0) return {0, 1};
  const double z = 1.959963984540054;  // 97.5 % point of the normal distribution
  const double n = static_cast<double>(counts.counted), p = counts.accuracy();
  const double centre = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  // At p = 0 and p = 1 the end is exactly 0 or 1; rounding must not push the point out of its interval.
  return {counts.correct == 0 ? 0.0 : std::min(p, centre - half),
          counts.correct == counts.counted ? 1.0 : std::max(p, centre + half)};
}

Interval central(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[static_cast<std::size_t>(std::lround(share * static_cast<double>(values.size() - 1)))];
  };
  return {at(0.025), at(0.975)};
}

std::optional<std::int64_t> lower_median(std::vector<std::int64_t> values) {
  if (values.empty()) return std::nullopt;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace separatrix
