// The bounds on the turn of a hash against p-bit arithmetic itself: they hold in every case, and are at most seven times the worst.
#include "constructions/padded/rounding.h"

#include "models/numbers/log_float.h"
#include "tasks/rng.h"
#include "tests/catch.h"

using namespace separatrix;
using namespace separatrix::padded;

namespace {

constexpr int kBits = 24;

/// The angle between two pairs, in units of 2^-kBits.
double turn_between(double x, double y, double exact_x, double exact_y) {
  return std::ldexp(std::fabs(std::atan2(x * exact_y - y * exact_x, x * exact_x + y * exact_y)), kBits);
}

LogFloat whole(int x) {
  return LogFloat(static_cast<double>(x), kBits);
}

/// A sum of weighted averages over n tokens, rounded and exact.
struct Sums {
  LogFloat rounded = whole(0);
  double exact = 0, magnitude = 0;
  void add(int weight, int count, int n) {
    rounded = rounded + whole(weight) * (whole(count) / whole(n));
    exact += static_cast<double>(weight) * count / n, magnitude += std::fabs(static_cast<double>(weight) * count / n);
  }
  Rounded bound(int terms) const { return rounded_sum(exact, magnitude, terms); }
};

}  // namespace

TEST_CASE("a ratio of averages, its reading and its shift turn by no more than their bounds") {
  double worst_pair = 0, worst_read = 0, worst_shift = 0;
  Rng rng = draw(3, Purpose::report, 0, 0);
  for (int i = 0; i < 20000; ++i) {
    const int n = 1 + static_cast<int>(rng.below(200)), a = static_cast<int>(rng.below(n)), b = static_cast<int>(rng.below(n));
    Sums above, below;
    above.add(1, a, n), above.add(-1, b, n), above.add(2, 1, n);
    below.add(1, 1, n);
    const double pair = turn_of_pair(above.bound(3), below.bound(1));
    const double turned = turn_between(above.rounded.to_double(), below.rounded.to_double(), above.exact, below.exact);
    worst_pair = std::max(worst_pair, turned / pair);

    const LogFloat x = above.rounded, y = below.rounded, norm = sqrt((x * x + y * y) / whole(2));
    const LogFloat hash_x = x / norm, hash_y = y / norm;
    const double read = turn_of_reading(pair);
    worst_read = std::max(worst_read, turn_between(hash_x.to_double(), hash_y.to_double(), above.exact, below.exact) / read);

    const int add = static_cast<int>(rng.below(15)) - 7, divide = 1 + static_cast<int>(rng.below(3));
    const double shift = turn_of_shift(above.exact / below.exact, read, add, divide);
    const LogFloat shifted_x = hash_x + whole(add) * hash_y, shifted_y = whole(divide) * hash_y;
    worst_shift = std::max(
        worst_shift,
        turn_between(shifted_x.to_double(), shifted_y.to_double(), above.exact + add * below.exact, divide * below.exact) / shift);
  }
  for (const double worst : {worst_pair, worst_read, worst_shift}) {
    CHECK(worst <= 1);
    CHECK(worst > 0.15);
  }
}
