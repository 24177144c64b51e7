// Padded formulas through the exact interpreter: the answer is right, and no swap hangs on a cell that the program leaves open.
#include "proofs/padded_formulas.h"

#include "constructions/balanced_program.h"
#include "constructions/barrington.h"
#include "proofs/claim.h"

namespace separatrix {

std::vector<std::string> formula_shapes(int leaves) {
  if (leaves == 1) return {"v"};
  std::vector<std::string> shapes;
  for (int left = 1; left < leaves; ++left)
    for (const std::string& a : formula_shapes(left))
      for (const std::string& b : formula_shapes(leaves - left)) shapes.push_back("o" + a + b);
  return shapes;
}

std::string filled_shape(const std::string& shape, std::uint64_t choice) {
  if (shape.size() > 64) fail("filled_shape: 64 bits do not fill a shape of {} tokens", shape.size());
  std::string formula;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool bit = choice >> i & 1;
    formula += shape[i] == 'o' ? (bit ? '|' : '&') : (bit ? '1' : '0');
  }
  return formula;
}

std::string filled_shape(const std::string& shape, Rng& rng) {
  std::string formula;
  for (std::size_t first = 0; first < shape.size(); first += 64) {
    const std::uint64_t low = rng.next(), high = rng.next();
    formula += filled_shape(shape.substr(first, 64), low | high << 32);
  }
  return formula;
}

std::string random_formula(Rng& rng, int leaves, int depth) {
  if (leaves == 1) return rng.below(2) ? "1" : "0";
  const int most = std::min(leaves - 1, 1 << (depth - 1)), least = leaves - most;
  const int left = least + static_cast<int>(rng.below(most - least + 1));
  const std::string gate = rng.below(2) ? "&" : "|";
  const std::string a = random_formula(rng, left, depth - 1);
  return gate + a + random_formula(rng, leaves - left, depth - 1);
}

std::string random_text(Rng& rng, int length) {
  const int most = (length + 1) / 2, leaves = 2 + static_cast<int>(rng.below(static_cast<std::uint32_t>(most - 1)));
  std::string formula = random_formula(rng, leaves, padded::floor_log2(length));
  formula.resize(static_cast<std::size_t>(length), '#');
  return formula;
}

std::vector<std::string> all_formulas_of_seven_tokens() {
  std::vector<std::string> formulas;
  for (int choice = 0; choice < 128; ++choice) formulas.push_back(filled_shape("oovvovv", choice));
  return formulas;
}

int value_of_swaps(const padded::FormulaProgram& program, const padded::Cells& cells) {
  Permutation content = identity_permutation(kBarringtonPoints);  // of the registers
  for (int t = 0; t < cells.tokens; ++t) {
    int applied = 0;
    for (const auto& [swap, is_applied] : program.swaps) {
      const std::int8_t x = cells.bools[is_applied.id][t];
      if (x == padded::kUnknown) return -1;
      if (x == 1) ++applied, std::swap(content[swap.first], content[swap.second]);
    }
    if (applied > 1) return -1;
  }
  if (content == identity_permutation(kBarringtonPoints)) return 0;
  Permutation gamma = identity_permutation(kBarringtonPoints);
  for (const auto& [i, j] : barrington_table().leaf) std::swap(gamma[i], gamma[j]);
  return content == gamma ? 1 : -1;
}

int exact_value(const padded::FormulaProgram& program, const std::string& formula) {
  const int padding = padded::padding_needed(static_cast<int>(formula.size()));
  return value_of_swaps(program, padded::exact_run(program.program, padded::formula_inputs(formula, padding)));
}

std::vector<std::string> formulas_of_every_shape(int leaves, int per_shape) {
  const std::size_t length = std::max(12, 1 << (leaves - 1)) + (leaves > 4);  // 2^depth <= length, 3 log2(length) + 2 <= length + 1
  Rng rng = draw(1, Purpose::report, static_cast<std::uint32_t>(leaves), 0);
  std::vector<std::string> formulas;
  for (const std::string& shape : formula_shapes(leaves))
    for (int i = 0; i < per_shape; ++i) {
      formulas.push_back(filled_shape(shape, rng));
      formulas.back().resize(length, '#');
    }
  return formulas;
}

bool value_of_text(const std::string& formula) {
  return value_of(parse_formula(formula.substr(0, formula.find('#'))));
}

namespace {

void expect_value(Cases& cases, const padded::FormulaProgram& program, const std::string& formula) {
  const int got = exact_value(program, formula);
  cases.expect(got == value_of_text(formula), [&] { return fmt::format("{}: the value {}", formula, got); });
}

void expect_shapes(Cases& cases, const padded::FormulaProgram& program, int leaves, int per_shape) {
  for (const std::string& formula : formulas_of_every_shape(leaves, per_shape)) {
    if (cases.failures() > 0) return;
    expect_value(cases, program, formula);
  }
}

void expect_random(Cases& cases, const padded::FormulaProgram& program, int length, int formulas) {
  for (int i = 0; i < formulas && cases.failures() == 0; ++i) {
    Rng rng = draw(1, Purpose::report, static_cast<std::uint32_t>(length), i);
    expect_value(cases, program, random_text(rng, length));
  }
}

}  // namespace

Outcome check_seven_tokens(const padded::FormulaProgram& program) {
  Cases cases;
  for (const std::string& formula : all_formulas_of_seven_tokens()) expect_value(cases, program, formula);
  return cases.done("all 128 formulas over the complete tree of 7 tokens, 960 pads each");
}

Outcome check_padded_formulas() {
  return check_seven_tokens(padded::formula_program());
}

Outcome check_shapes(const padded::FormulaProgram& program) {
  Cases cases;
  for (const int leaves : {2, 3, 4}) expect_shapes(cases, program, leaves, 2);
  expect_random(cases, program, 15, 4);
  return cases.done(
      "2 formulas of each of the 8 shapes of 2 to 4 leaves, padded with blanks to 12 tokens; 4 random ones of 3 to 15 "
      "tokens, blanks up to 15");
}

Outcome check_padded_shapes() {
  return check_shapes(padded::formula_program());
}

Outcome check_padded_shapes_deep() {
  Cases cases;
  const padded::FormulaProgram& program = padded::formula_program();
  for (const int leaves : {2, 3, 4, 5}) expect_shapes(cases, program, leaves, 16);
  expect_random(cases, program, 15, 1000);
  expect_random(cases, program, 31, 10);
  return cases.done(
      "16 formulas of each of the 22 shapes of 2 to 5 leaves, padded with blanks to 12 or 17 tokens; 1,000 random ones of up "
      "to 15 tokens, 10 of up to 31, blanks behind");
}

}  // namespace separatrix
