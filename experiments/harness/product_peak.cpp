#include "experiments/harness/product_peak.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "kernels/isa.h"
#include "kernels/matmul/linear.h"
#include "kernels/parallel.h"

namespace separatrix {
namespace {

constexpr std::ptrdiff_t side = 1024;

/// Of run(): `count` products (rows, side) times (side, side).
template <class Run>
double gigaflops(std::ptrdiff_t count, std::ptrdiff_t rows, const Run& run) {
  using Clock = std::chrono::steady_clock;
  double best = 1e300;
  for (int i = 0; i < 10; ++i) {
    const auto begin = Clock::now();
    run();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - begin).count());
  }
  return 2e-9 * static_cast<double>(count * rows * side * side) / best;
}

}  // namespace

double product_peak(Precision precision) {
  constexpr std::ptrdiff_t stride = row_stride<float>(side);
  std::vector<float> a(side * stride), b(side * stride), c(side * stride * threads());
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i % 7) - 3, b[i] = static_cast<float>(i % 5) - 2;
  Operand left, right;
  left.load(side, side, {a.data(), stride}, precision);
  right.load(side, side, {b.data(), stride}, precision);
  LinearWeight weight;
  weight.load(side, side, {b.data(), stride}, precision);
  weight.order_forward();
  const double together = gigaflops(1, side, [&] { matmul(left.factor(), false, right.factor(), false, {c.data(), stride}); });
  constexpr std::ptrdiff_t rows = 128, repeats = 8;
  const double apart = gigaflops(threads() * repeats, rows, [&] {
    in_parallel(threads() * repeats, [&](std::ptrdiff_t i) {
      weight.forward(left.factor().part_rows(i % repeats * rows, rows), {c.data() + i / repeats * side * stride, stride});
    });
  });
  return std::max(together, apart);
}

}  // namespace separatrix
