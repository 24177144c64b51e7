// Wilson intervals against the score test they come from, exact comparison of proportions, the median.
#include "experiments/report/statistics.h"

#include <cmath>

#include "tests/catch.h"

using namespace separatrix;

TEST_CASE("a Wilson interval ends where the score test stops rejecting", "[report]") {
  // The ends p solve |k/n - p| = z sqrt(p (1 - p) / n); found by bisection in double, not by the closed form.
  const double z = 1.959963984540054;
  for (const Counts counts :
       {Counts{0, 10}, {1, 10}, {5, 10}, {10, 10}, {256, 256}, {243, 256}, {7, 9}, {1, 1}, {50000, 100000}, {205, 1024}}) {
    const double observed = counts.accuracy(), n = static_cast<double>(counts.counted);
    const auto end = [&](double outside) {
      double rejected = outside, accepted = observed;
      for (int i = 0; i < 200; ++i) {
        const double p = (rejected + accepted) / 2;
        (std::abs(observed - p) > z * std::sqrt(p * (1 - p) / n) ? rejected : accepted) = p;
      }
      return accepted;
    };
    const Interval interval = wilson(counts);
    CHECK(interval.low == Approx(counts.correct == 0 ? 0 : end(0)).margin(1e-12));
    CHECK(interval.high == Approx(counts.correct == counts.counted ? 1 : end(1)).margin(1e-12));
  }
}

TEST_CASE("Wilson intervals agree with values computed elsewhere", "[report]") {
  // python3: statistics.NormalDist and bisection of the score test
  CHECK(wilson({1, 10}).low == Approx(0.017876213095).epsilon(1e-9));
  CHECK(wilson({1, 10}).high == Approx(0.404150026795).epsilon(1e-9));
  CHECK(wilson({256, 256}).low == Approx(0.985216143574).epsilon(1e-9));
  CHECK(wilson({256, 256}).high == 1);
  CHECK(wilson({0, 10}).low == 0);
  CHECK(wilson({0, 0}).low == 0);
  CHECK(wilson({0, 0}).high == 1);
}

TEST_CASE("proportions are compared exactly", "[report]") {
  CHECK(compare({1, 3}, {333333333, 1000000000}) == 1);
  CHECK(compare({2, 4}, {128, 256}) == 0);
  CHECK(compare({94, 100}, {95, 100}) == -1);
  CHECK(Counts{95, 100}.at_least(95, 100));
  CHECK_FALSE(Counts{243, 256}.at_least(95, 100));  // 0.9492
  CHECK_FALSE(Counts{0, 0}.at_least(0, 100));
}

TEST_CASE("the median is a value that occurred", "[report]") {
  CHECK_FALSE(lower_median({}).has_value());
  CHECK(lower_median({7}) == 7);
  CHECK(lower_median({9, 1, 5}) == 5);
  CHECK(lower_median({9, 1, 5, 7}) == 5);
}
