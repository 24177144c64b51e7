// State tracking by one gated-delta-rule layer (paper, Definition 1, and the swap operators of Figure 6).
//   `a, c = c, a`   at the token `=` the key is (e_a - e_c) / sqrt 2 and beta = 1:  I - 2 k k^T swaps columns a and c of S
//   `range`         S = (w_0, ..., w_{n-1}) in one write: k = w / |w|, v = |w|, where w has distinct entries and an integer norm
//   `assert a ==`   at the token `==` the query is e_a:  S e_a = w_c, where c is the value of a
// The two names of a swap stand 3 and 1 tokens before its `=`, the asked name 1 before `==`: short convolutions fetch them.
// Every other token has beta = 0 and v = 0 and leaves S as it is.
#include <algorithm>

#include "constructions/construction.h"
#include "constructions/theory_blocks.h"
#include "constructions/weight_builder.h"

namespace separatrix {
namespace {

bool whole_root(long long square, long long& root) {
  root = 0;
  while (root * root < square) ++root;
  return root * root == square;
}

/// w_0 < w_1 < ... < w_n-1 with an integer norm; w_0..w_n-3 = 0, 1, ...  n = 5: (0, 1, 2, 4, 10), norm 11.
struct Row0 {
  std::vector<int> values;
  int norm;
};
Row0 distinct_values(int n) {
  std::vector<int> w;
  long long square = 0, norm = 0;
  for (int i = 0; i < n - 2; ++i) w.push_back(i), square += i * i;
  for (int x = std::max(n - 2, 1);; ++x) {
    const long long below = square + 1LL * x * x;
    for (int y = x + 1; 2LL * y + 1 <= below; ++y)  // beyond, the next square after y^2 is too far
      if (whole_root(below + 1LL * y * y, norm)) {
        w.push_back(x), w.push_back(y);
        return {w, static_cast<int>(norm)};
      }
  }
}

}  // namespace

BuiltModel build_swaps_by_delta_rule(int variables) {
  const TaskOptions options{{"variables", std::to_string(variables)}};
  const auto task = make_task("state_tracking", options);
  const Row0 w0 = distinct_values(variables);
  std::vector<std::string> coordinates{"one", "loads", "swaps", "content"};
  const auto register_ = [](int j) { return fmt::format("register_{}", j); };
  for (int j = 0; j < variables; ++j) coordinates.push_back(register_(j));

  WeightBuilder w(theory_spec({delta_rule_block(1, variables, 1, 4, 0)}), task->vocabulary(), coordinates);
  w.embed_all({{"one", 1}});
  w.embed("range", {{"loads", 1}});
  w.embed("=", {{"swaps", 1}});
  for (int j = 0; j < variables; ++j) {
    w.embed(std::string(1, static_cast<char>('a' + j)), {{register_(j), 1}});
    w.embed("range", {{register_(j), Rational(w0.values[j], w0.norm)}});
    w.reads("0.q", j, {{register_(j), 1}});
    w.reads("0.k", j, {{register_(j), 1}});
  }
  const RootTwo half_root(0, Rational(1, 2));  // 1 / sqrt 2
  w.filter("0.q", {{1, 1}});
  w.filter("0.k", {{0, 1}, {1, RootTwo(0) - half_root}, {3, half_root}});
  w.filter("0.v", {{0, 1}});
  w.reads("0.v", 0, {{"loads", w0.norm}});
  w.reads("0.a", 0, {{"one", 1}});    // alpha = 1: nothing is forgotten
  w.reads("0.b", 0, {{"swaps", 1}});  // beta = 1 at `=`
  w.writes("0.o", "content", {{0, 1}});

  // 2 w_c y - w_c^2 = y^2 - (y - w_c)^2 is largest at w_c = y, by at least 1, and is y^2 >= 0 there.
  w.logit_all({{"one", -1}});
  for (int c = 0; c < variables; ++c)
    w.logit(std::to_string(c), {{"content", 2 * w0.values[c]}, {"one", -w0.values[c] * w0.values[c]}});
  return {w.spec(), w.weights(), "state_tracking", options};
}

}  // namespace separatrix
