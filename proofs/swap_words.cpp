// The swap construction on programs: all short ones, examples of the task itself, and very long ones.
#include "proofs/claim.h"
#include "proofs/swap_programs.h"
#include "proofs/token_runner.h"
#include "tasks/rng.h"

namespace separatrix {
namespace {

using Runner = TokenRunner<RootTwo>;

/// Every variable's read-out, with a gap of at least 1 to every other token.
void expect_answers(Cases& cases, const Runner& runner, const Runner::State& state, const Values& values,
                    const std::string& program) {
  for (int v = 0; v < static_cast<int>(values.size()); ++v) {
    const Row<RootTwo> logits = runner.logits_after(state, question_words(v));
    const int right = runner.id(std::to_string(values[v]));
    bool alone = true;
    for (int i = 0; i < static_cast<int>(logits.size()); ++i)
      alone = alone && (i == right || !(logits[right] - logits[i] < RootTwo(1)));
    cases.expect(alone, [&] {
      return fmt::format("after `{}`, `{}` is answered {} (or too closely) instead of {}", program, question_words(v),
                         runner.answer(logits), values[v]);
    });
  }
}

void all_programs(Cases& cases, const Runner& runner, const Runner::State& state, const Values& values, const std::string& program,
                  int swaps_left) {
  expect_answers(cases, runner, state, values, program);
  if (swaps_left == 0 || cases.failures() > 0) return;
  const int n = static_cast<int>(values.size());
  for (int x = 0; x < n; ++x)
    for (int y = 0; y < n; ++y) {
      if (x == y) continue;
      auto next = state;
      runner.feed(next, swap_words(x, y));
      all_programs(cases, runner, next, swapped(values, x, y), program + swap_words(x, y) + " ", swaps_left - 1);
    }
}

}  // namespace

Outcome check_swap_programs(const BuiltModel& model) {
  const int n = variables_of(model);
  const Runner runner = token_runner<RootTwo>(model);
  auto state = runner.start();
  runner.feed(state, header_words(n));
  Cases cases;
  all_programs(cases, runner, state, initial_values(n), "", 3);
  return cases.done("every program of at most 3 swaps, every variable asked, logit gap at least 1");
}

Outcome check_swap_samples(const BuiltModel& model) {
  const auto task = make_task(model.task, model.options);
  const Runner runner = token_runner<RootTwo>(model);
  Cases cases;
  for (const int n : {0, 1, 4, 16, 64, 256})
    for (int i = 0; i < 8 && cases.failures() == 0; ++i) {
      const Example example = task->sample(1, Purpose::report, n, i);
      auto state = runner.start();
      std::size_t next = 0;
      for (std::size_t t = 0; t + 1 < example.tokens.size(); ++t) {
        if (next < example.answers.size() && example.answers[next].position == static_cast<int>(t) + 1) {
          const std::string got = runner.answer(runner.logits(state, example.tokens[t]));
          const std::string want = task->vocabulary()[example.answers[next++].id];
          cases.expect(got == want, [&] { return fmt::format("example {} of {} swaps: {} instead of {}", i, n, got, want); });
        } else {
          runner.feed(state, example.tokens[t]);
        }
      }
    }
  return cases.done("every answer, reveals included, in examples of 0 to 256 swaps drawn by the task");
}

Outcome check_swap_long_words(const BuiltModel& model) {
  constexpr int steps = 100000, ask_every = 1000, ask_at_first = 50;
  const int n = variables_of(model);
  const Runner runner = token_runner<RootTwo>(model);
  auto state = runner.start();
  runner.feed(state, header_words(n));
  Values values = initial_values(n);
  Rng rng = draw(1, Purpose::report, 1, 0);
  std::vector<std::vector<int>> tokens(n * n);
  for (int x = 0; x < n; ++x)
    for (int y = 0; y < n; ++y) tokens[x * n + y] = runner.tokens(swap_words(x, y));
  Cases cases;
  // Stop at the first failure: wrong weights may let the numbers grow without end.
  for (int step = 1; step <= steps && cases.failures() == 0; ++step) {
    const auto [x, y] = random_swap_of(rng, n);
    for (const int token : tokens[x * n + y]) runner.feed(state, token);
    std::swap(values[x], values[y]);
    if (step <= ask_at_first || step % ask_every == 0)
      expect_answers(cases, runner, state, values, fmt::format("{} random swaps", step));
  }
  return cases.done(fmt::format("one random word of {} swaps, every variable asked after each of the first {} and each {}", steps,
                                ask_at_first, ask_every));
}

}  // namespace separatrix
