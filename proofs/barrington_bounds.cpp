// How short Barrington's words can be.
//   with d_0 = c_0, d_r = d_(r-1) c_r the gate is X_0^x X_1^y X_2^x X_3^y,  X_r = d_r gamma d_r^-1:  four conjugates of gamma
//   and: X_0 X_2 = X_1 X_3 = 1,  X_0 X_1 X_2 X_3 = gamma       or: all three products are gamma
// A gate in which an argument is called once gives a conjugate of gamma when that argument alone is true, and `and` wants the
// identity there: so `and` needs each argument twice, four calls.
#include <map>

#include "proofs/barrington.h"

namespace separatrix {
namespace {

constexpr int kPoints = kBarringtonPoints;

int swaps_of(const Permutation& p) {
  return static_cast<int>(swap_word(p).size());
}

/// d with d gamma d^-1 = X, for every X.
using Conjugators = std::map<Permutation, std::vector<Permutation>>;

Conjugators conjugators(const Permutation& gamma) {
  Conjugators of;
  for (const Permutation& d : all_permutations(kPoints)) of[conjugate(gamma, d)].push_back(d);
  return of;
}

/// Fewest swaps in c_0 .. c_4, given the four conjugates.
int fewest_swaps(const std::array<const std::vector<Permutation>*, 4>& choices) {
  std::vector<std::pair<Permutation, int>> reached{{identity_permutation(kPoints), 0}};  // d_r, swaps so far
  for (const auto* layer : choices) {
    std::vector<std::pair<Permutation, int>> next;
    for (const Permutation& d : *layer) {
      int best = 1 << 20;
      for (const auto& [before, swaps] : reached) best = std::min(best, swaps + swaps_of(then(inverse(before), d)));
      next.emplace_back(d, best);
    }
    reached = next;
  }
  int best = 1 << 20;
  for (const auto& [d, swaps] : reached) best = std::min(best, swaps + swaps_of(d));
  return best;
}

}  // namespace

Permutation conjugate(const Permutation& gamma, const Permutation& d) {
  return then(then(d, gamma), inverse(d));
}

Outcome check_barrington_minimum(const Permutation& gamma) {
  Cases cases;
  std::string found;
  const Permutation identity = identity_permutation(kPoints);
  const Conjugators of = conjugators(gamma);
  for (const bool is_or : {false, true}) {
    const Permutation one_true = is_or ? gamma : identity;
    int best = 1 << 20, choices = 0;
    for (const auto& [x0, d0] : of)
      for (const auto& [x1, d1] : of) {
        const Permutation x2 = then(inverse(x0), one_true), x3 = then(inverse(x1), one_true);
        const auto d2 = of.find(x2), d3 = of.find(x3);
        if (d2 == of.end() || d3 == of.end() || then(then(x0, x1), then(x2, x3)) != gamma) continue;
        ++choices;
        best = std::min(best, fewest_swaps({&d0, &d1, &d2->second, &d3->second}));
      }
    const char* gate = is_or ? "or" : "and";
    cases.expect(best == 8, [&] { return fmt::format("{}: {} swaps suffice", gate, best); });
    found += fmt::format("{}{}: {} choices of conjugates, fewest swaps {}", found.empty() ? "" : "; ", gate, choices, best);
  }
  return cases.done(found);
}

Outcome check_single_calls(Permutation (*left_by_call)(const Permutation& gamma, const Permutation& d)) {
  Cases cases;
  const Permutation identity = identity_permutation(kPoints);
  for (const Permutation& gamma : all_permutations(kPoints))
    for (const Permutation& d : all_permutations(kPoints))
      cases.expect((left_by_call(gamma, d) == identity) == (gamma == identity),
                   [&] { return fmt::format("gamma = {} and d = {}", one_line(gamma), one_line(d)); });
  return cases.done("no conjugate of any gamma but the identity is the identity, so an argument called once is never cancelled");
}

}  // namespace separatrix
