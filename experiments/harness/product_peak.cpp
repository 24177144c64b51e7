#include "experiments/harness/product_peak.h"

#include <algorithm>
#include <chrono>
#include <vector>

namespace separatrix {

double product_peak(Precision precision) {
  using Clock = std::chrono::steady_clock;
  constexpr std::ptrdiff_t side = 1024;
  std::vector<float> a(side * side), b(side * side), c(side * side);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i % 7) - 3, b[i] = static_cast<float>(i % 5) - 2;
  Operand left, right;
  left.load(side, side, {a.data(), side}, precision);
  right.load(side, side, {b.data(), side}, precision);
  double best = 1e300;
  for (int i = 0; i < 10; ++i) {
    const auto begin = Clock::now();
    matmul(left, false, right, false, {c.data(), side});
    best = std::min(best, std::chrono::duration<double>(Clock::now() - begin).count());
  }
  return 2e-9 * side * side * side / best;
}

}  // namespace separatrix
