#include "experiments/harness/schedule.h"

#include "tests/catch.h"

using namespace separatrix;

TEST_CASE(
    "the learning rate rises linearly over the warm-up, then follows half a cosine; or it stays and falls linearly at the end") {
  TrainConfig c;
  c.steps = 110;
  c.warmup = 10;
  c.lr = 2;
  CHECK(learning_rate(c, 0) == Approx(0.2));
  CHECK(learning_rate(c, 9) == Approx(2));
  CHECK(learning_rate(c, 10) == Approx(2));
  CHECK(learning_rate(c, 60) == Approx(1));                           // half way: cos(pi/2) = 0
  CHECK(learning_rate(c, 35) == Approx(2 * (2 + std::sqrt(2)) / 4));  // a quarter: cos(pi/4)
  CHECK(learning_rate(c, 110) == Approx(0).margin(1e-15));
  c.min_lr_ratio = 0.2;
  CHECK(learning_rate(c, 110) == Approx(0.4));
  CHECK(learning_rate(c, 60) == Approx(1.2));
  c.schedule = "constant";
  CHECK(learning_rate(c, 109) == 2);
  c.cooldown = 3;
  c.min_lr_ratio = 0;
  CHECK(learning_rate(c, 106) == 2);
  CHECK(learning_rate(c, 107) == Approx(1.5));
  CHECK(learning_rate(c, 109) == Approx(0.5));
  c.min_lr_ratio = 0.2;
  CHECK(learning_rate(c, 108) == Approx(1.2));
  c.warmup = 0;
  CHECK(learning_rate(c, 0) == 2);
}
