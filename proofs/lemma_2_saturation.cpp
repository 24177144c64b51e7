// Lemma 2 of the paper, how few states a memory has: c <- c / 2 + digit, digits 1 and 2, keeps every string of bits apart in exact
// numbers.  Rounded to p bits, c lies among the numbers of p bits in [1, 4], and the old digits are rounded away: from some length
// on the set of states after n bits is the same for every n, 2^(p - 1) + 1 of them.
#include <set>

#include "proofs/lemma_2.h"
#include "proofs/token_runner.h"

namespace separatrix {
namespace {

/// The numbers c after n bits, by their values.
using Level = std::map<double, TokenRunner<LogFloat>::State>;

Level after_one_more(const TokenRunner<LogFloat>& runner, const Level& level) {
  Level next;
  for (const auto& [c, state] : level)
    for (const char* bit : {"0", "1"}) {
      auto after = state;
      runner.feed(after, runner.id(bit));
      const auto& layer = std::get<GatedDeltaRuleLayer<LogFloat>::State>(after.mixers.front());
      next.emplace(to_double(layer.heads.front()(0, 0)), std::move(after));
    }
  return next;
}

bool same_states(const Level& a, const Level& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) { return x.first == y.first; });
}

std::size_t closed_form(int p) {
  return (std::size_t{1} << (p - 1)) + 1;
}

}  // namespace

Outcome check_saturation(const BuiltModel& memory, const std::vector<int>& precisions, std::size_t (*want)(int p)) {
  Cases cases;
  std::string counts;
  for (const int p : precisions) {
    const TokenRunner<LogFloat> runner(memory, weights_as_log_float(memory.spec, memory.weights, p));
    Level level;
    level.emplace(0.0, runner.start());
    int bits = 0;
    for (bool grows = true; grows && bits <= 2 * p; ++bits) {
      Level next = after_one_more(runner, level);
      grows = !same_states(level, next);
      level = std::move(next);
    }
    cases.expect(bits <= 2 * p && level.size() == want(p),
                 [&] { return fmt::format("p = {}: {} states after {} bits instead of {}", p, level.size(), bits, want(p)); });
    counts += fmt::format("{}p = {}: {} states from {} bits on", counts.empty() ? "" : ", ", p, level.size(), bits - 1);
  }
  return cases.done(counts + "; one more bit, whichever, leads from these states to the same states");
}

Outcome check_lemma_2_saturation() {
  return check_saturation(memory_model("recall", {"0", "1"}), {4, 6, 8, 10}, closed_form);
}

}  // namespace separatrix
