#include "experiments/harness/curriculum.h"

#include "tests/catch.h"

using namespace separatrix;

namespace {

CurriculumConfig paper(const std::string& kind) {
  CurriculumConfig c;
  c.kind = kind;
  c.levels = {8, 16, 32, 64};
  c.until = {500, 1500, 3500, 7500};
  c.budget = {10000, 30000};
  return c;
}

}  // namespace

TEST_CASE("milestones: the paper's levels end at steps 500, 1500 and 3500, and the last one stays") {
  Curriculum c(paper("milestones"), -1);
  const auto at = [&](std::int64_t step) {
    c.begin(step);
    return c.difficulty();
  };
  CHECK(at(0) == 8);
  CHECK(at(499) == 8);
  CHECK(at(500) == 16);
  CHECK(at(1499) == 16);
  CHECK(at(1500) == 32);
  CHECK(at(3500) == 64);
  CHECK(at(9999) == 64);
  CHECK(c.state().entered == 3500);
}

TEST_CASE("threshold: a level is left at 0.95 of the hold-out examples, or when its budget is spent") {
  Curriculum c(paper("threshold"), -1);
  CHECK(c.wants_check(100));
  CHECK_FALSE(c.wants_check(150));
  c.observe(100, 243, 256);  // 0.949
  CHECK(c.difficulty() == 8);
  c.observe(200, 244, 256);  // 0.953
  CHECK(c.difficulty() == 16);
  CHECK(c.state().solved_at == std::map<int, std::int64_t>{{8, 200}});
  c.observe(30100, 0, 256);  // 29900 steps at 16
  CHECK(c.difficulty() == 16);
  c.observe(30200, 0, 256);
  CHECK(c.difficulty() == 32);
  CHECK(c.state().forced_at == std::map<int, std::int64_t>{{16, 30200}});
  c.observe(60200, 0, 256);  // the last number of the budget repeats
  CHECK(c.difficulty() == 64);
  c.observe(200000, 0, 256);  // the last level is not left
  CHECK(c.difficulty() == 64);
  CHECK_FALSE(c.state().solved);
  c.observe(200100, 256, 256);
  CHECK(c.state().solved);
}

TEST_CASE("without a curriculum the difficulty stays, and passing the threshold is recorded once") {
  CurriculumConfig config;
  Curriculum c(config, 12);
  c.observe(100, 255, 256);
  c.observe(200, 256, 256);
  CHECK(c.difficulty() == 12);
  CHECK(c.state().solved_at == std::map<int, std::int64_t>{{12, 100}});
  CHECK(c.state().solved);
}

TEST_CASE("mixing draws the asked fraction from the earlier levels, each as often, as a function of the example's index") {
  CurriculumConfig config = paper("milestones");
  config.mix = 0.3;
  Curriculum c(config, -1);
  CHECK(c.difficulty_of(1, 0) == 8);
  c.begin(1500);
  std::map<int, int> seen;
  for (std::uint64_t i = 0; i < 20000; ++i) ++seen[c.difficulty_of(5, i)];
  // Standard deviations: sqrt(20000 .3 .7) = 65, sqrt(20000 .15 .85) = 50; four of them.
  CHECK(std::abs(seen[32] - 14000) < 260);
  CHECK(std::abs(seen[8] - 3000) < 200);
  CHECK(std::abs(seen[16] - 3000) < 200);
  CHECK(seen[64] == 0);
  CHECK(c.difficulty_of(5, 77) == c.difficulty_of(5, 77));
}
