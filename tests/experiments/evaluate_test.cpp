#include "experiments/harness/evaluate.h"

#include <algorithm>

#include "tests/catch.h"

using namespace separatrix;

namespace {

/// Knows the answers: it looks the same examples up.
Predictor oracle(const Task& task, int difficulty, const Stream& stream, int spoiled_every = 0) {
  auto next = std::make_shared<std::uint64_t>(stream.first);
  return [&task, difficulty, stream, spoiled_every, next](const Batch& batch) {
    std::vector<std::int32_t> out(batch.tokens.size(), -1);
    for (int b = 0; b < batch.batch; ++b, ++*next) {
      const Example e = task.sample(stream.seed, stream.purpose, difficulty, *next);
      for (const Answer& a : e.answers) out[static_cast<std::size_t>(b) * batch.length + a.position - 1] = a.id;
      if (spoiled_every != 0 && *next % spoiled_every == 0)
        out[static_cast<std::size_t>(b) * batch.length + e.answers.back().position - 1] = -1;
    }
    return out;
  };
}

}  // namespace

TEST_CASE("one who knows every answer gets all of them right, on every example each shortcut fails on") {
  const auto task = make_task("state_tracking");
  Stream stream{5, Purpose::report};
  stream.samples = 100;
  stream.batch = 32;  // the last batch is short
  const Tally t = evaluate(oracle(*task, 6, stream), *task, 6, stream);
  CHECK(t.stream == "report");
  CHECK(t.counted == 100);
  CHECK(t.correct == 100);
  CHECK(t.answers_correct == t.answers_counted);
  CHECK(t.answers_counted >= 100);
  REQUIRE(t.shortcuts.size() == task->shortcuts().size());
  for (const ShortcutTally& s : t.shortcuts) {
    CHECK(s.correct == s.counted);
    CHECK(s.right + s.counted == 100);
  }
}

TEST_CASE("a wrong last answer is counted once; the answers before it are still right") {
  const auto task = make_task("state_tracking");
  Stream stream{5, Purpose::select};
  stream.samples = 64;
  const Tally t = evaluate(oracle(*task, 6, stream, 4), *task, 6, stream);
  CHECK(t.correct == 48);
  CHECK(t.answers_counted - t.answers_correct == 16);
}

TEST_CASE("one who answers as a shortcut does scores its floor, and nothing where it fails") {
  const auto task = make_task("recall");
  const auto& words = task->vocabulary();
  const auto zero = static_cast<std::int32_t>(std::find(words.begin(), words.end(), "0") - words.begin());
  Stream stream{9, Purpose::report};
  stream.samples = 300;
  const Predictor always_zero = [&](const Batch& batch) { return std::vector<std::int32_t>(batch.tokens.size(), zero); };
  const Tally t = evaluate(always_zero, *task, 16, stream);
  bool found = false;
  for (const ShortcutTally& s : t.shortcuts) {
    if (s.name != "constant") continue;
    found = true;
    CHECK((s.right == t.correct || s.right == t.counted - t.correct));  // the constant is 0 or 1
    CHECK((s.correct == 0 || s.correct == s.counted));
  }
  CHECK(found);
  CHECK(t.correct > 100);
  CHECK(t.correct < 200);
}

TEST_CASE("streams of different purposes and windows are different examples, and a window is the same however it is cut") {
  const auto task = make_task("state_tracking");
  const auto first_tokens = [&](Purpose purpose, std::uint64_t first, int samples, int batch) {
    std::vector<std::int32_t> seen;
    Stream stream{1, purpose};
    stream.first = first, stream.samples = samples, stream.batch = batch;
    const Predictor listen = [&](const Batch& b) {
      for (int i = 0; i < b.batch; ++i)
        for (int t = 0; t < 20; ++t) seen.push_back(b.tokens[static_cast<std::size_t>(i) * b.length + t]);
      return std::vector<std::int32_t>(b.tokens.size(), -1);
    };
    evaluate(listen, *task, 8, stream);
    return seen;
  };
  CHECK(first_tokens(Purpose::report, 0, 24, 5) == first_tokens(Purpose::report, 0, 24, 24));
  CHECK(first_tokens(Purpose::report, 0, 24, 24) != first_tokens(Purpose::select, 0, 24, 24));
  CHECK(first_tokens(Purpose::report, 0, 24, 24) != first_tokens(Purpose::report, 24, 24, 24));
}
