// Barrington's words: the gates, formulas one by one, and through the swap layer.
//   gate identity   c0 gamma^x c1 gamma^y c2 gamma^x c3 gamma^y c4 = gamma^(x o y)   for x, y in {0, 1}
// With leaves () and gamma this is an induction over formulas: the word of every formula, of every depth, is gamma or the identity.
#include "proofs/barrington.h"

#include "proofs/swap_programs.h"
#include "proofs/token_runner.h"
#include "tasks/interpreter.h"
#include "tasks/rng.h"

namespace separatrix {
namespace {

constexpr int kPoints = kBarringtonPoints;

Permutation gamma_of(const BarringtonTable& table, bool truth) {
  return product(truth ? table.leaf : SwapWord{}, kPoints);
}

/// (14 4^d - 8) / 3.
long length_bound(int depth) {
  return (14 * (1L << 2 * depth) - 8) / 3;
}

int depth_of(const std::string& formula) {
  std::vector<int> open{0};  // depths of the arguments still to come
  int deepest = 0;
  std::istringstream words(formula);
  for (std::string word; words >> word;) {
    const int depth = open.back();
    open.pop_back();
    deepest = std::max(deepest, depth);
    if (word == "and" || word == "or") open.insert(open.end(), {depth + 1, depth + 1});
  }
  return deepest;
}

std::string random_formula(Rng& rng, int depth) {
  if (depth == 0) return rng.below(2) ? "1" : "0";
  const std::string gate = rng.below(2) ? "or " : "and ", left = random_formula(rng, depth - 1);
  return gate + left + " " + random_formula(rng, depth - 1);
}

bool ten_swaps_only(const SwapWord& word) {
  return std::all_of(word.begin(), word.end(), [](const Swap& s) {
    return s.first != s.second && std::min(s.first, s.second) >= 0 && std::max(s.first, s.second) < kPoints;
  });
}

}  // namespace

std::string random_complete_formula(int depth, std::uint64_t index) {
  Rng rng = draw(1, Purpose::report, static_cast<std::uint32_t>(depth), index);
  return random_formula(rng, depth);
}

std::vector<std::string> shallow_formulas() {
  const std::vector<std::string> leaves{"0", "1"};
  const auto gates_over = [](const std::vector<std::string>& arguments) {
    std::vector<std::string> out{"0", "1"};
    for (const char* gate : {"and", "or"})
      for (const std::string& f : arguments)
        for (const std::string& g : arguments) out.push_back(fmt::format("{} {} {}", gate, f, g));
    return out;
  };
  return gates_over(gates_over(leaves));
}

Outcome check_barrington_gates(const BarringtonTable& table) {
  Cases cases;
  const Permutation identity = identity_permutation(kPoints), gamma = gamma_of(table, true);
  cases.expect(gamma != identity, [] { return "a true leaf is the identity"; });
  for (const bool is_or : {false, true}) {
    const auto& c = is_or ? table.or_gate : table.and_gate;
    std::size_t swaps = 0;
    for (const SwapWord& constant : c) swaps += constant.size();
    cases.expect(swaps == 8, [&] { return fmt::format("the constants have {} swaps instead of 8", swaps); });
    for (const bool x : {false, true})
      for (const bool y : {false, true}) {
        Permutation p = product(c[0], kPoints);
        for (int r = 0; r < 4; ++r) p = then(then(p, gamma_of(table, r % 2 ? y : x)), product(c[r + 1], kPoints));
        cases.expect(p == gamma_of(table, is_or ? x || y : x && y), [&] {
          return fmt::format("{} {} {}: the word is {}", x ? 1 : 0, is_or ? "or" : "and", y ? 1 : 0, one_line(p));
        });
      }
  }
  return cases.done("both gates on all values of their arguments; 8 swaps of constants each; induction over formulas");
}

Outcome check_barrington_formulas(const BarringtonTable& table, int depth) {
  Cases cases;
  std::size_t longest = 0;
  const auto check_one = [&](const std::string& formula) {
    const SwapWord word = formula_word(table, formula);
    longest = std::max(longest, word.size());
    const bool truth = run_formula(formula) == 1;
    cases.expect(product(word, kPoints) == gamma_of(table, truth),
                 [&] { return fmt::format("`{}` is {}, its word is {}", formula, truth, one_line(product(word, kPoints))); });
    cases.expect(static_cast<long>(word.size()) <= length_bound(depth_of(formula)),
                 [&] { return fmt::format("`{}` has a word of {} swaps", formula, word.size()); });
    cases.expect(ten_swaps_only(word), [&] { return fmt::format("`{}`: not one of the ten swaps", formula); });
  };
  const std::vector<std::string> shallow = shallow_formulas();
  for (const std::string& formula : shallow) check_one(formula);
  for (int d = 3; d <= depth; ++d)
    for (int i = 0; i < 10; ++i) check_one(random_complete_formula(d, i));
  return cases.done(fmt::format("{} formulas of depth <= 2, 10 random complete ones of each depth to {}; longest word {} <= {}",
                                shallow.size(), depth, longest, length_bound(depth)));
}

Outcome check_barrington_programs(const BarringtonTable& table, const BuiltModel& model, int depth) {
  if (variables_of(model) != kPoints) fail("Barrington's words move five values, the model has {}", variables_of(model));
  const auto runner = token_runner<RootTwo>(model);
  std::vector<int> statement[kPoints][kPoints];
  for (int x = 0; x < kPoints; ++x)
    for (int y = 0; y < kPoints; ++y)
      if (x != y) statement[x][y] = runner.tokens(swap_words(x, y));
  auto header = runner.start();
  runner.feed(header, header_words(kPoints));
  Cases cases;
  // gamma moves the value 0 away from the first variable: it is 0 there exactly when the formula is false.
  const auto check_one = [&](const std::string& formula) {
    auto state = header;
    for (const auto& [x, y] : formula_word(table, formula))
      for (const int token : statement[x][y]) runner.feed(state, token);
    const std::string got = runner.answer(runner.logits_after(state, question_words(0)));
    const bool truth = run_formula(formula) == 1;
    cases.expect((got == "0") == !truth, [&] { return fmt::format("`{}` is {}, the model says {}", formula, truth, got); });
  };
  const std::vector<std::string> shallow = shallow_formulas();
  for (const std::string& formula : shallow) check_one(formula);
  for (int d = 3; d <= depth && cases.failures() == 0; ++d)
    for (int i = 0; i < 4; ++i) check_one(random_complete_formula(d, i));
  return cases.done(
      fmt::format("{} formulas of depth <= 2, 4 random complete ones of each depth to {}, as programs of state_tracking",
                  shallow.size(), depth));
}

}  // namespace separatrix
