#include "tasks/floors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "tests/catch.h"

using namespace separatrix;

namespace {

/// Five standard errors of a count around `share`.
bool near_share(const Floor& floor, double share) {
  const double counted = static_cast<double>(floor.counted);
  return std::abs(static_cast<double>(floor.correct) - share * counted) <= 5 * std::sqrt(counted * share * (1 - share)) + 1;
}

Floor floor_of(const Task& task, const std::string& shortcut, int n, std::int64_t count) {
  for (const Floor& floor : measure_floors(task, n, count, 1))
    if (floor.shortcut == shortcut) return floor;
  fail("no shortcut named {}", shortcut);
}

/// Chance that the majority of five pointed-at bits is the bit of a random one of the pointers, m bits, with replacement:
/// the mean of max(k, 5 - k) / 5 over all ways the five pointers can coincide and all bits of the cells they meet.
double majority_of_five(int m, std::vector<int> cells = {}) {
  const int used = cells.empty() ? 0 : 1 + *std::max_element(cells.begin(), cells.end());
  if (cells.size() < 5) {
    double mean = 0;
    for (int cell = 0; cell <= used; ++cell) {
      const double chance = cell < used ? 1.0 / m : double(m - used) / m;
      if (chance <= 0) continue;
      std::vector<int> more = cells;
      more.push_back(cell);
      mean += chance * majority_of_five(m, more);
    }
    return mean;
  }
  double mean = 0;
  for (int bits = 0; bits < 1 << used; ++bits) {
    int ones = 0;
    for (const int cell : cells) ones += bits >> cell & 1;
    mean += std::max(ones, 5 - ones) / 5.0 / (1 << used);
  }
  return mean;
}

}  // namespace

TEST_CASE("the majority of five pointed-at bits scores what enumeration says") {
  const auto task = make_task("state_based_recall");
  const std::vector<std::pair<int, double>> published = {{4, .772}, {8, .732}, {16, .710}, {32, .699}, {64, .693}};
  for (const auto& [n, share] : published) {
    CHECK(majority_of_five(n) == Approx(share).margin(.001));
    CHECK(near_share(floor_of(*task, "majority_pointed", n, n <= 16 ? 100000 : 25000), majority_of_five(n)));
  }
  const auto distinct = make_task("state_based_recall", {{"distinct", "true"}});
  CHECK(near_share(floor_of(*distinct, "majority_pointed", 8, 100000), .6875));
}

TEST_CASE("the initial value survives n swaps with probability 0.2 + 0.8 * 0.5^n") {
  const auto task = make_task("state_tracking");
  for (const int n : {0, 1, 2, 4, 8, 16}) {
    const Floor floor = floor_of(*task, "initial_value", n, 100000);
    INFO(n << " " << floor.correct);
    CHECK(floor.counted == 100000);
    CHECK(near_share(floor, .2 + .8 * std::pow(.5, n)));
  }
}

TEST_CASE("under updates that lose values, naming the first value copied beats chance at every length, as a simulation says") {
  constexpr int variables = 5, examples = 100000;
  std::mt19937 random(3);
  const auto draw = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
  for (const char* const updates : {"assign", "printed"})
    for (const int n : {8, 32}) {
      int right = 0;
      for (int e = 0; e < examples; ++e) {
        std::array<int, variables> value{0, 1, 2, 3, 4};
        int copied = -1;
        for (int i = 0; i < n; ++i) {
          std::array<int, variables> order{0, 1, 2, 3, 4};
          std::shuffle(order.begin(), order.end(), random);
          const auto before = value;
          const auto [x, y, z, rest, last] = order;
          value[x] = before[y];
          if (std::string(updates) == "printed") value[y] = before[z];
          if (i == 0) copied = std::string(updates) == "printed" ? z : y;
        }
        right += value[draw(variables)] == copied;
      }
      const double share = double(right) / examples;
      INFO(updates << ", " << n << " updates: " << share);
      CHECK(share > .35);
      const auto task = make_task("state_tracking", {{"updates", updates}, {"strict", "100"}});
      CHECK(std::abs(floor_of(*task, "first_copied", n, examples).correct - right) < 1500);  // 7 standard errors of the difference
      CHECK_THROWS_AS(floor_of(*make_task("state_tracking"), "first_copied", n, 10), Error);
    }
  const auto shown = make_task("state_tracking", {{"updates", "assign"}});
  CHECK(double(floor_of(*shown, "last_shown", 64, 20000).correct) / 20000 > .99);
}

TEST_CASE("constant answers score chance, and the majority of m bits scores its binomial sum") {
  CHECK(near_share(floor_of(*make_task("state_tracking"), "constant", 8, 100000), .2));
  CHECK(near_share(floor_of(*make_task("state_based_recall"), "constant", 8, 100000), .5));
  CHECK(near_share(floor_of(*make_task("polish_formula"), "constant", 8, 100000), .5));
  double mean = 0, ways = 1;  // max(k, 4 - k) / 4 over four fair bits, ways = 4 choose k
  for (int k = 0; k <= 4; ways = ways * (4 - k) / (k + 1), ++k) mean += ways / 16 * std::max(k, 4 - k) / 4;
  CHECK(near_share(floor_of(*make_task("recall"), "majority_bit", 4, 100000), mean));
}

TEST_CASE("the root gate of a hard formula says nothing and that of an easy one is right 3 times of 4") {
  for (const char* const shape : {"complete", "uniform", "caterpillar"}) {
    CHECK(near_share(floor_of(*make_task("polish_formula", {{"shape", shape}}), "root_gate", 16, 100000), .5));
    CHECK(near_share(floor_of(*make_task("polish_formula", {{"shape", shape}, {"distribution", "easy"}}), "root_gate", 16, 100000),
                     .75));
  }
}

TEST_CASE("measuring floors refuses an illegal difficulty or count") {
  CHECK_THROWS_AS(measure_floors(*make_task("recall"), 0, 10, 1), Error);
  CHECK_THROWS_AS(measure_floors(*make_task("recall"), 4, 0, 1), Error);
}
