// Counts and what they say: a proportion with its Wilson interval, the median.
// Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927):
//   centre = (p + z²/2n) / (1 + z²/n)      half width = z/(1 + z²/n) sqrt(p(1-p)/n + z²/4n²)
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

namespace separatrix {

/// `correct` of `counted`; nothing is known when counted = 0.
struct Counts {
  std::int64_t correct = 0, counted = 0;

  /// In [0, 1]; NaN when nothing was counted.
  double accuracy() const;
  /// Exact: correct / counted >= numerator / denominator.  False when nothing was counted.
  bool at_least(std::int64_t numerator, std::int64_t denominator) const;
  Counts& operator+=(const Counts& other);
  bool operator==(const Counts&) const = default;
};

/// Sign of a's accuracy minus b's, by cross multiplication, so that ties are exact.
int compare(const Counts& a, const Counts& b);

struct Interval {
  double low, high;
};

/// The two-sided 95 % Wilson interval; [0, 1] when nothing was counted.
Interval wilson(const Counts& counts);

/// The central 95 % of the values, by the nearest ranks; there must be one.  Infinite values may be among them, NaN not.
Interval central(std::vector<double> values);

/// The middle value (the lower of two middle values, so that it is one that occurred); empty for no values.
std::optional<std::int64_t> lower_median(std::vector<std::int64_t> values);

}  // namespace separatrix
