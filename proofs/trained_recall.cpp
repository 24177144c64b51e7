// State-based recall in trained form, in single precision: not exact, so claims about the programs that were run.
#include "proofs/claim.h"
#include "proofs/pointer_programs.h"
#include "proofs/residuals.h"
#include "proofs/token_runner.h"
#include "tasks/rng.h"

namespace separatrix {
namespace {

using Runner = TokenRunner<float>;

/// Asks for the bit of every variable.
void expect_bits(Cases& cases, const Runner& runner, const Runner::State& state, const PointerProgram& p) {
  for (int v = 0; v < kPointerVariables; ++v) {
    const std::string got = runner.answer(runner.logits_after(state, bit_question(variable_name(v))));
    cases.expect(got == std::to_string(p.bit(v)), [&] {
      return fmt::format("{} bits, pointers {}, {} swaps: bits[{}] is answered {} instead of {}", p.bits.size(),
                         values_text(p.pointers), p.swaps.size(), variable_name(v), got, p.bit(v));
    });
  }
}

/// One random program; all variables are asked after 0, 1, 2, 4, ... swaps and at the end.
void one_program(Cases& cases, const BuiltModel& model, int bits, int swaps) {
  const Runner runner = token_runner<float>(model);
  Rng rng = draw(3, Purpose::report, static_cast<std::uint32_t>(bits), 0);
  PointerProgram p;
  for (int i = 0; i < bits; ++i) p.bits.push_back(static_cast<int>(rng.below(2)));
  for (int v = 0; v < kPointerVariables; ++v) p.pointers.push_back(static_cast<int>(rng.below(bits)));
  auto state = runner.start();
  runner.feed(state, header_words(p, model.options));
  for (int step = 0; step <= swaps && cases.failures() == 0; ++step) {
    if ((step & (step - 1)) == 0 || step == swaps) expect_bits(cases, runner, state, p);
    p.swaps.push_back(random_swap_of(rng, kPointerVariables));
    runner.feed(state, swap_words(p.swaps.back().first, p.swaps.back().second));
  }
}

}  // namespace

Outcome check_trained_recall(const BuiltModel& model) {
  most_bits(model);
  const Runner runner = token_runner<float>(model);
  Cases cases;
  for (int string = 0; string < 4; ++string)
    for (const Values& pointers : all_lists(kPointerVariables, 2)) {
      PointerProgram p{bits_of(string, 2), pointers, {}};
      auto header = runner.start();
      runner.feed(header, header_words(p, model.options));
      for (int swap = 0; swap < kPointerVariables * kPointerVariables && cases.failures() == 0; ++swap) {
        const int x = swap / kPointerVariables, y = swap % kPointerVariables;
        if (x >= y) continue;
        p.swaps = {{x, y}};
        auto state = header;
        runner.feed(state, swap_words(x, y));
        expect_bits(cases, runner, state, p);
      }
    }
  return cases.done("every string of 2 bits, all pointers, every swap, every variable asked, in single precision");
}

Outcome check_trained_recall_long(const BuiltModel& model) {
  Cases cases;
  const int most = most_bits(model);
  for (const int bits : {std::min(64, most), most}) one_program(cases, model, bits, 256);
  return cases.done(
      fmt::format("random programs of {} and {} bits and 256 swaps in single precision, every variable asked after 0, 1, 2, "
                  "4, ... swaps",
                  std::min(64, most), most));
}

Outcome check_trained_recall_very_long() {
  Cases cases;
  one_program(cases, build_state_based_recall_in_trained_form(2048), 2048, 4096);
  return cases.done(
      "a random program of 2048 bits and 4096 swaps in single precision, every variable asked after 0, 1, 2, 4, ... swaps");
}

}  // namespace separatrix
