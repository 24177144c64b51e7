#include "experiments/harness/product_peak.h"

#include <algorithm>
#include <chrono>

#include "kernels/cpu/buffer.h"
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

/// Element j of row i: (i + j) % period - period / 2.
Rows<float> filled(MatrixBuffer& memory, int period) {
  const Rows<float> x = memory.reserve(side, side);
  for (std::ptrdiff_t i = 0; i < side; ++i)
    for (std::ptrdiff_t j = 0; j < side; ++j) x.row(i)[j] = static_cast<float>((i + j) % period - period / 2);
  return x;
}

}  // namespace

double product_peak(Precision precision) {
  MatrixBuffer a_memory, b_memory, c_memory;
  const Rows<float> a = filled(a_memory, 7), b = filled(b_memory, 5), c = c_memory.reserve(threads() * side, side, precision);
  Operand left, right;
  left.load(side, side, a, precision);
  right.load(side, side, b, precision);
  LinearWeight weight;
  weight.load(side, side, b, precision);
  weight.order_forward();
  const double together = gigaflops(1, side, [&] { matmul(left.factor(), false, right.factor(), false, c); });
  constexpr std::ptrdiff_t rows = 128, repeats = 8;
  const double apart = gigaflops(threads() * repeats, rows, [&] {
    in_parallel(threads() * repeats, [&](std::ptrdiff_t i) {
      weight.forward(left.factor().part_rows(i % repeats * rows, rows), from_row(c, i / repeats * side));
    });
  });
  return std::max(together, apart);
}

}  // namespace separatrix
