// What the kernel tests share: draws, poisoned outputs, every instruction set of this machine, and the yardstick.
#pragma once
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/isa.h"
#include "tasks/rng.h"
#include "tests/catch.h"

namespace separatrix::testing {

/// Uniform in [-scale, scale], a pure function of (stream, scale, size).
inline std::vector<float> draws(std::size_t size, std::uint64_t stream, double scale = 1) {
  Rng rng = draw(7, Purpose::test, 0, stream);
  std::vector<float> out(size);
  for (float& x : out) x = static_cast<float>(scale * (rng.next() / 2147483648.0 - 1));
  return out;
}

/// Memory starts as NaN: what a kernel forgets to write is seen.
inline std::vector<float> poison(std::size_t size) {
  return std::vector<float>(size, std::numeric_limits<float>::quiet_NaN());
}

/// Runs check() with every instruction set this machine has, lowest first, and restores the one in force.
template <class Check>
void for_each_isa(const Check& check) {
  struct Restore {
    Isa before = isa();
    ~Restore() { set_isa(before); }
  } restore;
  for (const Isa set : {Isa::sse2, Isa::avx2, Isa::avx512}) {
    if (set > machine_isa()) continue;
    set_isa(set);
    INFO("instruction set " << isa_name(set));
    check();
  }
}

/// Error of the kernel in units of the error that the plain computation makes in the same format, both against double and both by
/// the worst element; half a unit in the last place of the largest element counts as unavoidable (of `terms`, when the terms that
/// make the elements are larger than the elements).
template <class Plain, class Exact>
double yardstick(const std::vector<float>& kernel, const Plain& plain, const Exact& exact, double terms = 0) {
  REQUIRE(kernel.size() == exact.size());
  REQUIRE(plain.size() == exact.size());
  double kernel_error = 0, plain_error = 0, largest = terms;
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    if (!std::isfinite(kernel[i])) return std::numeric_limits<double>::infinity();
    kernel_error = std::max(kernel_error, std::abs(static_cast<double>(kernel[i]) - exact[i]));
    plain_error = std::max(plain_error, std::abs(static_cast<double>(plain[i]) - exact[i]));
    largest = std::max(largest, std::abs(static_cast<double>(exact[i])));
  }
  const double unavoidable = std::ldexp(largest, -24);
  return kernel_error == 0 ? 0 : kernel_error / (plain_error + unavoidable);
}
/// A kernel may round in another order and twice where the plain computation rounds once; the largest ratio seen in these tests
/// is 3.0 (gradients of attention, whose weights are computed again from the log-sum-exp).
constexpr double yardstick_limit = 4;

}  // namespace separatrix::testing
