#include "experiments/harness/batch.h"

#include "tests/catch.h"

using namespace separatrix;

namespace {

Example example(std::vector<int> tokens, std::vector<std::uint8_t> mask, std::vector<Answer> answers) {
  Example e;
  e.tokens = std::move(tokens);
  e.loss_mask = std::move(mask);
  e.answers = std::move(answers);
  return e;
}

const std::vector<Example> two = {example({5, 6, 7, 8}, {0, 1, 0, 1}, {{1, 6}, {3, 8}}), example({9, 3}, {0, 1}, {{1, 3}})};

}  // namespace

TEST_CASE("position t of a batch holds token t and predicts token t + 1; short examples are filled on the right and do not count") {
  const Batch batch = pack(two, Counted::loss);
  CHECK(batch.batch == 2);
  CHECK(batch.length == 3);
  CHECK(batch.tokens == std::vector<std::int32_t>{5, 6, 7, 9, 0, 0});
  CHECK(batch.targets == std::vector<std::int32_t>{6, 7, 8, 3, 0, 0});
  CHECK(batch.mask == std::vector<std::uint8_t>{1, 0, 1, 1, 0, 0});
  CHECK(real_tokens(two) == 4);
}

TEST_CASE("answers are read one position before they stand") {
  CHECK(pack(two, Counted::answers).mask == std::vector<std::uint8_t>{1, 0, 1, 1, 0, 0});
  const Batch last = pack(two, Counted::last_answer);
  CHECK(last.mask == std::vector<std::uint8_t>{0, 0, 1, 1, 0, 0});
  CHECK(correct_last_answers(last, two, std::vector<std::int32_t>{-1, -1, 8, 3, -1, -1}) == 2);
  CHECK(correct_last_answers(last, two, std::vector<std::int32_t>{-1, -1, 7, 3, -1, -1}) == 1);
}
