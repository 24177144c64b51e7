#include <cmath>
#include <iterator>
#include <map>
#include <sstream>

#include "tasks/interpreter.h"
#include "tasks/task.h"
#include "tests/catch.h"

using namespace separatrix;

namespace {

std::map<std::string, int> count_texts(const TaskOptions& options, int leaves, int examples, bool shape_only) {
  const auto task = make_task("polish_formula", options);
  std::map<std::string, int> seen;
  for (int i = 0; i < examples; ++i) {
    std::string text = task->sample(2, Purpose::test, leaves, i).text;
    if (shape_only) {
      std::string shape;
      for (const int id : task->sample(2, Purpose::test, leaves, i).tokens) shape += id < 2 ? '.' : '*';
      text = shape;
    }
    ++seen[text];
  }
  return seen;
}

/// Every count within five standard deviations of an equal share.
bool uniform_over(const std::map<std::string, int>& seen, std::size_t kinds, int examples) {
  if (seen.size() != kinds) return false;
  const double share = double(examples) / double(kinds);
  for (const auto& [text, count] : seen)
    if (std::abs(count - share) > 5 * std::sqrt(share)) return false;
  return true;
}

int depth_of(const std::vector<int>& tokens, std::size_t& at) {
  if (tokens[at++] < 2) return 0;
  const int left = depth_of(tokens, at), right = depth_of(tokens, at);
  return 1 + std::max(left, right);
}

}  // namespace

TEST_CASE("the uniform shape meets each of the Catalan many trees equally often") {
  CHECK(uniform_over(count_texts({}, 4, 50000, true), 5, 50000));
  CHECK(uniform_over(count_texts({}, 6, 50000, true), 42, 50000));
}

TEST_CASE("easy formulas of three leaves are uniform over all 64 of them") {
  CHECK(uniform_over(count_texts({{"distribution", "easy"}}, 3, 64000, false), 64, 64000));
}

TEST_CASE("half of all formulas are true in every shape and distribution") {
  for (const char* const shape : {"complete", "uniform", "caterpillar", "bounded"})
    for (const char* const distribution : {"easy", "hard"}) {
      TaskOptions options = {{"shape", shape}, {"distribution", distribution}};
      if (std::string(shape) == "bounded") options.emplace("depth", "4");
      const auto task = make_task("polish_formula", options);
      int ones = 0;
      for (int i = 0; i < 20000; ++i) ones += run_formula(task->sample(3, Purpose::test, 13, i).text);
      INFO(shape << " " << distribution << " " << ones);
      CHECK(std::abs(ones - 10000) < 354);
    }
}

TEST_CASE("in hard formulas gates alternate and a leaf is 1 below `or` with probability .382, below `and` with .618") {
  const auto task = make_task("polish_formula", {{"shape", "complete"}});
  const int examples = 2000;
  int ones[2] = {0, 0}, leaves[2] = {0, 0};
  for (int i = 0; i < examples; ++i) {
    const std::vector<int> tokens = task->sample(4, Purpose::test, 256, i).tokens;
    std::vector<int> open = {-1};
    for (std::size_t t = 0; !open.empty(); ++t) {
      const int parent = open.back(), token = tokens[t];
      open.pop_back();
      if (token >= 2) {
        REQUIRE(token != parent);
        open.insert(open.end(), 2, token);
      } else {
        ++leaves[parent - 2];
        ones[parent - 2] += token;
      }
    }
  }
  // Ids 2 and 3 are `and` and `or`.  Leaves of one formula are not independent (its value is balanced): four formulas' worth of
  // slack.
  CHECK(double(ones[0]) / leaves[0] == Approx(.618).margin(.02));
  CHECK(double(ones[1]) / leaves[1] == Approx(.382).margin(.02));
}

TEST_CASE("shapes have the depth they promise and padding the length") {
  const auto depth = [](TaskOptions options, int leaves, int index) {
    std::size_t at = 0;
    return depth_of(make_task("polish_formula", options)->sample(5, Purpose::test, leaves, index).tokens, at);
  };
  for (int i = 0; i < 50; ++i) {
    CHECK(depth({{"shape", "complete"}}, 16, i) == 4);
    CHECK(depth({{"shape", "complete"}}, 17, i) == 5);
    CHECK(depth({{"shape", "caterpillar"}}, 17, i) == 16);
    CHECK(depth({{"shape", "bounded"}, {"depth", "6"}}, 40, i) <= 6);
    CHECK(depth({{"shape", "bounded"}, {"depth", "3"}}, 8, i) == 3);
  }
  const auto length = [](const std::string& padding, int leaves) {
    return make_task("polish_formula", {{"padding", padding}})->sample(5, Purpose::test, leaves, 0).tokens.size();
  };
  for (const std::size_t k : {1u, 2u, 7u}) {
    CHECK(length("0", k) == 2 * k);
    CHECK(length("11", k) == 2 * k + 11);
    CHECK(length("n^0", k) == 2 * k + 1);
    CHECK(length("n^1", k) == 2 * k + k);
    CHECK(length("n^3", k) == 2 * k + k * k * k);
    CHECK(length("21*n^2", k) == 2 * k + 21 * k * k);
  }
}

TEST_CASE("a leaf that decides the root, and the surplus of ones, as read from the formula's text") {
  constexpr double q = .6180339887498949;  // the hard distribution's fixed point
  for (const char* const distribution : {"easy", "hard"}) {
    const auto task = make_task("polish_formula", {{"distribution", distribution}});
    const auto at = [&](const char* name) {
      std::size_t s = 0;
      while (task->shortcuts().at(s).name != name) ++s;
      return s;
    };
    for (int i = 0; i < 500; ++i) {
      const Example example = task->sample(4, Purpose::test, 1 + i % 17, i);
      std::istringstream words(example.text);
      std::vector<std::string> symbols((std::istream_iterator<std::string>(words)), {});
      symbols.pop_back();                             // the answer
      std::vector<std::pair<std::string, int>> open;  // a gate and how many arguments it still wants
      double surplus = 0;
      for (const std::string& symbol : symbols) {
        if (symbol == "and" || symbol == "or") {
          open.emplace_back(symbol, 2);
          continue;
        }
        const bool hard = std::string(distribution) == "hard" && !open.empty();
        surplus += (symbol == "1") - (!hard ? .5 : open.back().first == "and" ? q : 1 - q);
        while (!open.empty() && --open.back().second == 0) open.pop_back();
      }
      std::string decisive = symbols.back();
      if (symbols.size() > 1 && ((symbols[0] == "and" && symbols[1] == "0") || (symbols[0] == "or" && symbols[1] == "1")))
        decisive = symbols[1];
      const std::string answer = task->vocabulary().at(example.answers.back().id);
      INFO(example.text << " surplus " << surplus);
      CHECK((example.shortcut_fails[at("decisive_leaf")] == 0) == (decisive == answer));
      CHECK((example.shortcut_fails[at("leaf_surplus")] == 0) == ((surplus > 1e-9 ? "1" : "0") == answer));
    }
  }
}

TEST_CASE("one averaging head is right about complete formulas more often than any single leaf or the majority") {
  const auto task = make_task("polish_formula", {{"shape", "complete"}});
  std::map<std::string, int> right;
  for (int i = 0; i < 10000; ++i) {
    const Example example = task->sample(5, Purpose::test, 64, i);
    for (std::size_t s = 0; s < task->shortcuts().size(); ++s) right[task->shortcuts()[s].name] += !example.shortcut_fails[s];
  }
  CHECK(right["leaf_surplus"] > 6700);
  for (const char* const other : {"root_gate", "majority_leaf", "first_leaf", "last_leaf"}) CHECK(right[other] < 6000);
}
