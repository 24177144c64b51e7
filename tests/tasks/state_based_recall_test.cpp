// What state-based recall shows and asks beside its one question.
#include <cmath>
#include <regex>
#include <set>
#include <sstream>

#include "tasks/task.h"
#include "tests/catch.h"

using namespace separatrix;

TEST_CASE(
    "several questions ask for different variables after the last swap, and the first of them finds what one question finds") {
  const auto five = make_task("state_based_recall", {{"questions", "5"}, {"strict", "100"}, {"reveal", "bit"}});
  const auto one = make_task("state_based_recall", {{"strict", "100"}});
  std::set<std::string> first;
  for (int i = 0; i < 200; ++i) {
    const Example e = five->sample(6, Purpose::test, 4, i);
    CHECK(e.answers.size() == 5);
    std::istringstream lines(e.text);
    std::string line, asked;
    for (int at = 0; std::getline(lines, line); ++at) {
      CHECK((line.find("assert bits[") == 0) == (at >= 6));  // bits, pointers, four swaps
      if (at < 6) continue;
      CHECK(asked.find(line[12]) == std::string::npos);
      asked += line[12];
    }
    CHECK(asked.size() == 5);
    first.insert(asked.substr(0, 1));
    const std::string single = one->sample(6, Purpose::test, 4, i).text;
    CHECK(e.text.substr(0, e.text.find("assert")) == single.substr(0, single.find("assert")));
    CHECK(e.text.substr(e.text.rfind("assert")) == single.substr(single.find("assert")));
  }
  CHECK(first.size() == 5);
}

TEST_CASE("the questions before the last ask for what reveals show: bits, pointers, or either by a fair coin") {
  const auto pointers_of = [](const std::string& kind) {
    const auto task = make_task("state_based_recall", {{"questions", "5"}, {"strict", "100"}, {"reveal", kind}});
    int pointers = 0;
    for (int i = 0; i < 250; ++i) {
      std::istringstream lines(task->sample(6, Purpose::test, 4, i).text);
      std::string line;
      for (int at = 0; std::getline(lines, line); ++at) {
        const bool pointer = at >= 6 && line.find("bits[") == std::string::npos;
        CHECK((!pointer || at < 10));  // the last asks for a bit
        pointers += pointer;
      }
    }
    return pointers;
  };
  CHECK(pointers_of("bit") == 0);
  CHECK(pointers_of("pointer") == 1000);
  CHECK(std::abs(pointers_of("both") - 500) < 5 * std::sqrt(250.0));  // 5 deviations
}

TEST_CASE("warm-up reveals without swaps never show the bit that is asked") {
  const auto task = make_task("state_based_recall", {{"bits", "8"}, {"warmup_reveals", "4"}, {"strict", "0"}});
  for (int i = 0; i < 200; ++i) {
    const std::string text = task->sample(6, Purpose::test, 0, i).text;
    const std::string asked = text.substr(text.rfind("assert"), 14);
    CHECK(text.find(asked) == text.rfind(asked));
  }
}

TEST_CASE("reveals after the last swap never show the variable asked, and mixed warm-ups show indexes, bits and pointers") {
  const auto task = make_task("state_based_recall", {{"bits", "8"},
                                                     {"warmup_reveals", "4"},
                                                     {"warmup", "mixed"},
                                                     {"strict", "0"},
                                                     {"reveal_variables", "2"},
                                                     {"reveal_last", "true"}});
  const std::regex swap(R"((.), (.) = (.), (.)\n)"), index(R"(assert bits\[\d\])"), bit(R"(assert bits\[([a-e])\])"),
      pointer(R"(assert ([a-e]) )");
  int indexes = 0, bits = 0, pointers = 0;
  for (int i = 0; i < 400; ++i) {
    const Example e = task->sample(6, Purpose::test, 1, i);
    std::smatch m;
    REQUIRE(std::regex_search(e.text, m, swap));
    const std::string before = m.prefix(), after = m.suffix();
    const std::string asked = after.substr(after.rfind("assert bits[") + 12, 1);
    std::set<std::string> shown;
    for (const std::regex& form : {bit, pointer})
      for (std::sregex_iterator r(after.begin(), after.end(), form), end; r != end; ++r) CHECK(shown.insert((*r)[1]).second);
    CHECK(shown.size() == 3);  // two reveals and the question, all of different variables
    CHECK(shown.count(asked) == 1);
    const auto count = [&](const std::regex& form) {
      return std::distance(std::sregex_iterator(before.begin(), before.end(), form), std::sregex_iterator());
    };
    indexes += count(index), bits += count(bit), pointers += count(pointer);
  }
  CHECK(indexes + bits + pointers == 1600);
  CHECK(std::abs(indexes - 800) < 100);
  CHECK(std::abs(bits - 400) < 90);
}
