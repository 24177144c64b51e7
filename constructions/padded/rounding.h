// How far rounding can turn the hash of a number: bounds on the angle between the pair (x, y) that the compiled weights hold and
// the exact one, in units of u = 2^-p and to first order in u.  Every operation is right to a factor 1 + u; a pair (x, y) with
// errors (dx, dy) is turned by |x dy - y dx| / (x^2 + y^2).
#pragma once
#include <cmath>

namespace separatrix::padded {

/// A value and the bound of its error, in units of u.
struct Rounded {
  double value = 0, error = 0;
};

/// A sum of `terms` weighted averages whose magnitudes add up to `magnitude`.  The average, its weight and their product are
/// rounded once each; of the additions the first, to 0, is exact.
inline Rounded rounded_sum(double value, double magnitude, int terms) {
  return {value, (terms + 2) * magnitude};
}

/// The turn of (x : y), y > 0, when it is written.
inline double turn_of_pair(const Rounded& x, const Rounded& y) {
  return (std::fabs(x.value) * y.error + y.value * x.error) / (x.value * x.value + y.value * y.value);
}

/// What reading adds: the norm's two divisions turn a pair by 2 sin cos <= 1.  Copying then changes nothing: a gather has one key,
/// and the units of a choice add 0 to the hash.
inline double turn_of_reading(double turn) {
  return turn + 1;
}

/// The turn of (x + add y : divide y) for a number of this value, read with an angle off by `turn`.  The map carries turns over
/// with its determinant over the square of the length; weights, products and one addition are rounded.
inline double turn_of_shift(double value, double turn, double add, double divide) {
  const double length = std::hypot(value, 1), below = 1 / length, above = value * below;
  const Rounded x = {above + add * below, 2 * std::fabs(add * below) + std::fabs(above + add * below)};
  const Rounded y = {divide * below, 2 * divide * below};
  return turn * divide / (x.value * x.value + y.value * y.value) + turn_of_pair(x, y);
}

}  // namespace separatrix::padded
