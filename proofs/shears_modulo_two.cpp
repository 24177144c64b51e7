// Ben-Or and Cleve over F_2.  Three registers that are not all 0 hold one of seven vectors; R_j += R_i exchanges vectors in pairs,
// so it is a product of two swaps of seven points, and exclusive or and `and` are words of swaps: the swap layer evaluates them.
#include "proofs/integer_formulas.h"
#include "proofs/register_programs.h"
#include "proofs/swap_programs.h"
#include "proofs/token_runner.h"

namespace separatrix {
namespace {

constexpr int kVectors = 7;  // vector v = R_0 + 2 R_1 + 4 R_2 is point v - 1

template <class F>
Permutation moved(const F& f) {
  Permutation p;
  for (int v = 1; v <= kVectors; ++v) p.push_back(f(v) - 1);
  return p;
}

int sheared(int v, const Shear& s) {
  return v ^ ((v >> s.from & s.factor & 1) << s.to);
}

int exchanged(int v, int i, int j) {
  const int differ = (v >> i ^ v >> j) & 1;
  return v ^ (differ << i) ^ (differ << j);
}

SwapWord swaps_of_shear(const Shear& shear) {
  return swap_word(moved([&](int v) { return sheared(v, shear); }));
}

std::string random_formula(Rng& rng, int depth) {
  if (depth == 0) return rng.below(2) ? "1" : "0";
  const std::string gate = rng.below(2) ? "+ " : "* ", left = random_formula(rng, depth - 1);
  return gate + left + " " + random_formula(rng, depth - 1);
}

}  // namespace

Outcome check_shears_modulo_two(SwapWord (*swaps_of)(const Shear& shear)) {
  Cases cases;
  for (int from = 0; from < 3; ++from)
    for (int to = 0; to < 3; ++to) {
      if (from == to) continue;
      const Shear shear{from, to, 1};
      const SwapWord swaps = swaps_of(shear);
      cases.expect(swaps.size() == 2 && product(swaps, kVectors) == moved([&](int v) { return sheared(v, shear); }),
                   [&] { return fmt::format("R_{} += R_{} is not these two swaps", to, from); });
      cases.expect(swap_word(moved([&](int v) { return exchanged(v, from, to); })).size() == 2,
                   [&] { return fmt::format("exchanging R_{} and R_{} is not two swaps", to, from); });
    }
  // The value 0 of `a` lies at the vector (1, 0, 0) and moves with it.
  const auto runner = token_runner<RootTwo>(build_swaps_by_delta_rule(kVectors));
  for (int i = 0; i < 40 && cases.failures() == 0; ++i) {
    Rng rng = draw(1, Purpose::report, 2, 200 + i);
    const std::string formula = random_formula(rng, i % 4);
    auto state = runner.start();
    runner.feed(state, header_words(kVectors));
    for (const Shear& shear : integer_formula_word(formula)) {
      if (shear.factor == 0) continue;
      for (const auto& [x, y] : swaps_of(shear)) runner.feed(state, swap_words(x, y));
    }
    const int vector = 1 + 2 * static_cast<int>(integer_value(formula) & 1);
    const std::string got = runner.answer(runner.logits_after(state, question_words(vector - 1)));
    cases.expect(got == "0", [&] { return fmt::format("`{}` modulo 2: vector {} is not reached", formula, vector); });
  }
  return cases.done("all 6 shears and 3 exchanges; 40 random formulas of depth 0 to 3 through the swap layer of seven variables");
}

Outcome check_modulo_two() {
  return check_shears_modulo_two(swaps_of_shear);
}

}  // namespace separatrix
