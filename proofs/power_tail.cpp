// Euler and Maclaurin: for M large enough,
//   sum_{k>=M} k^-s = M^(1-s)/(s-1) + M^-s/2 + sum_j B_2j/(2j)! s (s+1) ... (s+2j-2) M^(1-s-2j),
// with an error below the first term left out.  The terms fall by (s+2j)^2 / (2 pi M)^2, so M is taken above s + 16.
#include "proofs/power_tail.h"

#include <algorithm>
#include <boost/math/special_functions/bernoulli.hpp>
#include <cmath>

namespace separatrix {

double power_tail(double alpha, double n) {
  constexpr int corrections = 10;
  const double s = alpha + 1, M = std::max(n + 1, std::ceil(s) + 16);
  double correction = 0, factor = s / M;  // s (s+1) ... (s+2j-2) / (2j)! M^(1-2j), but for a 1/2
  for (int j = 1; j <= corrections; ++j) {
    correction += boost::math::bernoulli_b2n<double>(j) * factor / 2;
    factor *= (s + 2 * j - 1) * (s + 2 * j) / ((2 * j + 1) * (2 * j + 2) * M * M);
  }
  // From the smallest addend to the largest.
  double sum = std::pow(M, -s) * (correction + 0.5 + M / alpha);
  for (double k = M - 1; k > n; --k) sum += std::pow(k, -s);
  return sum;
}

}  // namespace separatrix
