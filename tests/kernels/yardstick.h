// Tolerances are computed: the error of a kernel is measured in units of the error that the plain definition makes in the same
// format,
//   yardstick = |kernel - truth| / max(|plain float - truth|, 2^-24 |truth|)         (2-norms; truth in double)
// The second term is the rounding of the inputs' last bit alone, so that a lucky plain run is no bar.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

namespace separatrix::test {

template <class A>
double error(const std::vector<A>& x, const std::vector<double>& truth) {
  double sum = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) sum += (x[i] - truth[i]) * (x[i] - truth[i]);
  return std::sqrt(sum);
}

/// Infinite when the kernel's result has a NaN, so that the largest of several shows it; 0 / 0 = 0.
inline double yardstick(const std::vector<float>& kernel, const std::vector<float>& plain, const std::vector<double>& truth) {
  const double size = error(std::vector<double>(truth.size(), 0), truth), e = error(kernel, truth);
  if (std::isnan(e)) return INFINITY;
  return e == 0 ? 0 : e / std::max(error(plain, truth), std::ldexp(size, -24));
}

}  // namespace separatrix::test
