// What holds for every task, over difficulties and options.
#include "tasks/task.h"

#include <set>

#include "tests/catch.h"

using namespace separatrix;

namespace {

struct Variant {
  std::string task;
  TaskOptions options;
  std::vector<int> difficulties;
};

/// Each option away from its default at least once.
const std::vector<Variant>& variants() {
  static const std::vector<Variant> all = {
      {"state_tracking", {}, {0, 1, 4, 16}},
      {"state_tracking", {{"updates", "assign"}, {"reveal_every", "1"}, {"query", "a"}}, {1, 5}},
      {"state_tracking", {{"updates", "permutation"}, {"variables", "3"}, {"reveal_every", "2"}, {"bos", "true"}}, {0, 7}},
      {"state_tracking", {{"variables", "26"}, {"reveal_every", "0"}, {"loss", "answers"}}, {3}},
      {"state_tracking", {{"tokens", "char"}, {"variables", "10"}, {"strict", "50"}}, {8}},
      {"recall", {}, {1, 2, 16, 128}},
      {"recall", {{"query", "variable"}, {"numbers", "200"}, {"tokens", "char"}, {"bos", "true"}}, {150}},
      {"state_based_recall", {}, {1, 4, 16, 128}},
      {"state_based_recall", {{"bits", "8"}, {"warmup_reveals", "4"}, {"reveal", "bit"}}, {0, 1, 9}},
      {"state_based_recall",
       {{"bits", "40"}, {"numbers", "40"}, {"reveal", "pointer"}, {"tokens", "char"}, {"spacing", "1"}},
       {12}},
      {"state_based_recall", {{"order", "pointers_first"}, {"distinct", "true"}, {"strict", "100"}, {"query", "a"}}, {5, 20}},
  };
  return all;
}

template <class Check>
void for_each_example(int count, Check check) {
  for (const Variant& variant : variants()) {
    const auto task = make_task(variant.task, variant.options);
    for (const int n : variant.difficulties)
      for (int i = 0; i < count; ++i) {
        const Example example = task->sample(11, Purpose::test, n, i);
        INFO(variant.task << " " << n << "\n" << example.text);
        check(*task, example);
      }
  }
}

}  // namespace

TEST_CASE("the last answer of every example is what running its program gives") {
  for_each_example(50, [](const Task& task, const Example& example) {
    REQUIRE_FALSE(example.answers.empty());
    const Answer last = example.answers.back();
    CHECK(last.position + 1 == static_cast<int>(example.tokens.size()));
    CHECK(task.vocabulary().at(last.id) == task.solve(example.text));
  });
}

TEST_CASE("tokens, mask, answers and flags of every example fit together") {
  for_each_example(50, [](const Task& task, const Example& example) {
    REQUIRE(example.loss_mask.size() == example.tokens.size());
    CHECK(example.loss_mask[0] == 0);
    CHECK(example.shortcut_fails.size() == task.shortcuts().size());
    for (const int id : example.tokens) CHECK((id >= 0 && id < static_cast<int>(task.vocabulary().size())));
    int before = 0;
    for (const Answer& answer : example.answers) {
      CHECK(answer.position > before);
      before = answer.position;
      CHECK(example.tokens[answer.position] == answer.id);
      CHECK(example.loss_mask[answer.position] == 1);
    }
  });
}

TEST_CASE("the same draw gives the same example and another index another one") {
  for (const Variant& variant : variants()) {
    const auto task = make_task(variant.task, variant.options), again = make_task(variant.task, variant.options);
    const int n = variant.difficulties.back();
    std::set<std::string> texts;
    for (int i = 0; i < 20; ++i) {
      const Example a = task->sample(5, Purpose::test, n, i), b = again->sample(5, Purpose::test, n, i);
      CHECK(a.text == b.text);
      CHECK(a.tokens == b.tokens);
      CHECK(a.shortcut_fails == b.shortcut_fails);
      texts.insert(a.text);
    }
    CHECK(texts.size() == 20);
  }
}
