// Balancing every formula to depth 3 floor(log2 leaves): the programs of small formulas give their value, and the code of large and
// degenerate ones stays inside its blocks.
#include "proofs/balanced_programs.h"

#include "constructions/barrington.h"
#include "proofs/padded_formulas.h"

namespace separatrix {
namespace {

bool program_is_right(const std::string& formula, MakeCode code) {
  const FormulaTree tree = parse_formula(formula);
  const Permutation result = product(balanced_program(code(tree)), kBarringtonPoints);
  return result == (value_of(tree) ? product(barrington_table().leaf, kBarringtonPoints) : identity_permutation(kBarringtonPoints));
}

void expect_program(Cases& cases, const std::string& formula, MakeCode code) {
  cases.expect(program_is_right(formula, code), [&] { return fmt::format("{}: the program's product is not its value", formula); });
}

/// How the leaves of a subtree are split: three random kinds and the two degenerate ones.
enum class Split { uniform, one_aside, halves, left_comb, right_comb };

int left_leaves(Rng& rng, Split split, int leaves) {
  switch (split) {
    case Split::uniform:
      return 1 + static_cast<int>(rng.below(leaves - 1));
    case Split::one_aside:
      return rng.below(2) ? 1 : leaves - 1;
    case Split::halves:
      return (leaves + static_cast<int>(rng.below(2))) / 2;
    case Split::left_comb:
      return leaves - 1;
    case Split::right_comb:
      return 1;
  }
  return 1;
}

std::string large_formula(Rng& rng, Split split, int leaves) {
  std::string formula;
  std::vector<int> open = {leaves};
  while (!open.empty()) {
    const int size = open.back();
    open.pop_back();
    formula += size == 1 ? "01"[rng.below(2)] : "&|"[rng.below(2)];
    if (size == 1) continue;
    const int left = left_leaves(rng, split, size);
    open.push_back(size - left);
    open.push_back(left);
  }
  return formula;
}

void expect_code(Cases& cases, const FormulaTree& tree, MakeCode make) {
  const BalancedCode code = make(tree);  // an Error when a block leaves its share
  const int bound = 3 * padded::floor_log2(tree.leaves());
  const bool in_range = code.leaf_at.begin()->first >= 0 && code.leaf_at.rbegin()->first >> bound == 0;
  cases.expect(code.levels == bound && in_range && static_cast<int>(code.leaf_at.size()) == tree.leaves(),
               [&] { return fmt::format("a formula of {} leaves does not fit {} levels", tree.leaves(), bound); });
}

}  // namespace

Outcome check_programs(int per_shape, int of_seven, MakeCode code) {
  Cases cases;
  for (int leaves = 1; leaves <= 3; ++leaves)
    for (const std::string& shape : formula_shapes(leaves))
      for (std::uint64_t choice = 0; choice < 1u << shape.size(); ++choice)
        expect_program(cases, filled_shape(shape, choice), code);
  Rng rng = draw(1, Purpose::report, 12, 0);
  for (int leaves = 4; leaves <= 6; ++leaves)
    for (const std::string& shape : formula_shapes(leaves))
      for (int i = 0; i < per_shape; ++i) expect_program(cases, filled_shape(shape, rng), code);
  const std::vector<std::string> shapes = formula_shapes(7);
  for (int i = 0; i < of_seven; ++i) expect_program(cases, filled_shape(shapes[rng.below(shapes.size())], rng), code);
  return cases.done(
      fmt::format("all formulas of at most 3 leaves; {} of each of the 61 shapes of 4 to 6; {} of 7", per_shape, of_seven));
}

Outcome check_codes(int formulas, int most_leaves, MakeCode code) {
  Cases cases;
  for (int i = 0; i < formulas; ++i) {
    Rng rng = draw(1, Purpose::report, 13, i);
    const int magnitude = 1 << rng.below(padded::floor_log2(most_leaves) + 1);
    const int leaves = std::min(most_leaves, magnitude + static_cast<int>(rng.below(magnitude)));
    expect_code(cases, parse_formula(large_formula(rng, static_cast<Split>(i % 5), leaves)), code);
  }
  return cases.done(fmt::format("{} random, level and comb-like formulas of 1 to {} leaves", formulas, most_leaves));
}

Outcome check_balanced_programs() {
  return check_programs(1, 4, balanced_code);
}
Outcome check_balanced_programs_deep() {
  return check_programs(16, 64, balanced_code);
}
Outcome check_balanced_codes() {
  return check_codes(200, 10000, balanced_code);
}
Outcome check_balanced_codes_deep() {
  return check_codes(1000, 10000, balanced_code);
}

}  // namespace separatrix
