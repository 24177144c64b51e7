// The swap construction in trained form, in single precision: not exact, so a claim about the words that were run.
#include "proofs/claim.h"
#include "proofs/swap_programs.h"
#include "proofs/token_runner.h"
#include "tasks/rng.h"

namespace separatrix {
namespace {

using Runner = TokenRunner<float>;

bool expect_values(Cases& cases, const Runner& runner, const Runner::State& state, const Values& values,
                   const std::string& program) {
  bool right = true;
  for (int v = 0; v < static_cast<int>(values.size()); ++v) {
    const std::string got = runner.answer(runner.logits_after(state, question_words(v)));
    right = cases.expect(got == std::to_string(values[v]), [&] {
      return fmt::format("after {}, `{}` is answered {} instead of {}", program, question_words(v), got, values[v]);
    }) && right;
  }
  return right;
}

/// One random word; all variables are asked after 1, 2, 4, ... swaps and at the end.
Outcome one_word(const BuiltModel& model, int swaps) {
  const int n = variables_of(model);
  const Runner runner = token_runner<float>(model);
  auto state = runner.start();
  runner.feed(state, header_words(n));
  Values values = initial_values(n);
  Rng rng = draw(2, Purpose::report, 1, 0);
  Cases cases;
  for (int step = 1; step <= swaps; ++step) {
    const auto [x, y] = random_swap_of(rng, n);
    runner.feed(state, swap_words(x, y));
    std::swap(values[x], values[y]);
    const bool ask = (step & (step - 1)) == 0 || step == swaps;
    if (ask && !expect_values(cases, runner, state, values, fmt::format("{} random swaps", step))) break;
  }
  return cases.done(fmt::format("one random word of {} swaps in single precision, every variable asked after 1, 2, 4, ...", swaps));
}

}  // namespace

Outcome check_trained_form(const BuiltModel& model) {
  return one_word(model, 4096);
}

Outcome check_trained_form_long(const BuiltModel& model) {
  return one_word(model, 262144);
}

/// Every pair of swaps, so that no single operator is wrong.
Outcome check_trained_form_pairs(const BuiltModel& model) {
  const int n = variables_of(model);
  const Runner runner = token_runner<float>(model);
  auto start = runner.start();
  runner.feed(start, header_words(n));
  Cases cases;
  for (int i = 0; i < n * n * n * n && cases.failures() == 0; ++i) {
    const int x = i % n, y = i / n % n, z = i / (n * n) % n, u = i / (n * n * n);
    if (x == y || z == u) continue;
    auto state = start;
    runner.feed(state, swap_words(x, y) + " " + swap_words(z, u));
    expect_values(cases, runner, state, swapped(swapped(initial_values(n), x, y), z, u), swap_words(x, y) + swap_words(z, u));
  }
  return cases.done("every program of two swaps, every variable asked, in single precision");
}

}  // namespace separatrix
