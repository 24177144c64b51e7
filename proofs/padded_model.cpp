// The compiled weights of the formula program through the layers that trained models use: answers, cells, and bits needed.
#include "proofs/padded_model.h"

#include "constructions/balanced_program.h"
#include "models/numbers/from_exact.h"
#include "proofs/claim.h"

namespace separatrix {

std::string token_symbols(const BuiltModel& model) {
  if (model.task != "polish_formula") fail("the model is for the task '{}', not for polish_formula", model.task);
  const auto task = make_task(model.task, model.options);
  return padded::token_symbols(task->vocabulary());
}

padded::Plan plan_of(const BuiltModel& model) {
  padded::FormulaModel own = padded::formula_model(token_symbols(model));
  if (!(own.spec == model.spec)) fail("the model is not of the form of padded_formulas");
  return std::move(own.plan);
}

namespace {

/// The nearest double of the exact number turns it by up to half a unit of 2^-53; the angle itself is rounded far less than that.
constexpr double kOfMeasuring = 1;

/// The angle between (x, y) and (value, 1) by its sine; infinite where it is a right angle or more.
double turn_from(double x, double y, double value) {
  if (!(std::fma(x, value, y) > 0)) return HUGE_VAL;
  return std::fabs(std::fma(-y, value, x)) / (std::hypot(x, y) * std::hypot(value, 1));
}

}  // namespace

void compare_cells(const padded::Plan& plan, const padded::Cells& exact, int token, const std::vector<double>& x, int bits,
                   PaddedRun& run) {
  const auto count = [&](bool same, const char* kind, std::size_t cell) {
    ++run.cells;
    if (!same && run.different.empty()) run.different = fmt::format("{} {} of token {}", kind, cell, token);
  };
  for (std::size_t b = 0; b < plan.bools.size(); ++b)
    if (exact.bools[b][token] != padded::kUnknown) count(x[plan.bools[b]] == exact.bools[b][token], "truth value", b);
  for (std::size_t c = 0; c < plan.nums.size(); ++c) {
    if (!exact.known[c][token]) continue;
    const double turn = std::ldexp(turn_from(x[plan.nums[c]], x[plan.nums[c] + 1], nearest_double(exact.nums[c][token])), bits);
    const double bound = exact.turns[c][token] + kOfMeasuring;
    count(turn <= bound, "number", c);
    run.turn = std::max(run.turn, turn), run.share = std::max(run.share, turn / bound);
  }
}

namespace {

constexpr int kDouble = 53;

void expect_right(Cases& cases, const std::string& formula, const PaddedRun& run) {
  const char right = value_of_text(formula) ? '1' : '0';
  cases.expect(run.answer == right && run.different.empty(), [&] {
    return run.different.empty() ? fmt::format("{} is answered {}", formula, run.answer)
                                 : fmt::format("{}: {} is not what the program says", formula, run.different);
  });
}

/// The model with a token more, the blank `#` that lengthens a formula and that its task does not have; all other weights are its
/// own.
BuiltModel with_blank(const BuiltModel& model) {
  padded::FormulaModel larger = padded::formula_model(token_symbols(model) + "#");
  for (const Parameter& p : model.weights.layout()) {
    const auto values = model.weights[p.name];
    std::copy(values.begin(), values.end(), larger.weights[p.name].begin());  // the blank's row, where there is one, is the last
  }
  return {std::move(larger.spec), std::move(larger.weights), model.task, model.options};
}

/// An Error must not leave a parallel loop: it is a difference.
PaddedRun guarded_run(const Model<double>& model, const padded::Plan& plan, const std::string& symbols,
                      const std::string& formula) try {
  return run_padded(model, plan, symbols, formula, kDouble);
} catch (const Error& error) {
  return {0, error.what(), '?'};
}

Outcome check_layers(const BuiltModel& built, const std::vector<std::string>& formulas, const std::string& which) {
  const padded::Plan plan = plan_of(built);
  const std::string symbols = token_symbols(built) + "#";
  const BuiltModel larger = with_blank(built);
  const Model<double> model(larger.spec, weights_as<double>(larger.spec, larger.weights));
  std::vector<PaddedRun> runs(formulas.size());
#pragma omp parallel for schedule(dynamic)
  for (std::size_t i = 0; i < formulas.size(); ++i) runs[i] = guarded_run(model, plan, symbols, formulas[i]);
  Cases cases;
  double turn = 0, share = 0;
  for (std::size_t i = 0; i < formulas.size(); ++i) {
    expect_right(cases, formulas[i], runs[i]);
    turn = std::max(turn, runs[i].turn), share = std::max(share, runs[i].share);
  }
  return cases.done(
      fmt::format("{}: answers and every determined cell, in double precision; numbers turned by at most {:.1f} units "
                  "of 2^-53, and by at most {:.2f} of what rounding can turn them by",
                  which, turn, share));
}

/// random_text of `length` tokens.
void add_random(std::vector<std::string>& formulas, int length, int count) {
  for (int i = 0; i < count; ++i) {
    Rng rng = draw(1, Purpose::report, static_cast<std::uint32_t>(length), 5000 + i);
    formulas.push_back(random_text(rng, length));
  }
}

}  // namespace

Outcome check_padded_layers(const BuiltModel& model) {
  std::vector<std::string> formulas = formulas_of_every_shape(2, 1);
  for (const std::string& formula : all_formulas_of_seven_tokens()) formulas.push_back(formula);
  return check_layers(model, formulas, "all 128 formulas of 7 tokens, one of 3 with blanks up to 12");
}

Outcome check_padded_layers_deep(const BuiltModel& model) {
  std::vector<std::string> formulas;  // the longest first, so that no core is left with one of them
  add_random(formulas, 31, 10);
  for (const int leaves : {5, 4, 3, 2})
    for (const std::string& formula : formulas_of_every_shape(leaves, 2)) formulas.push_back(formula);
  add_random(formulas, 15, 1000);
  for (const std::string& formula : all_formulas_of_seven_tokens()) formulas.push_back(formula);
  return check_layers(
      model, formulas,
      "all 128 formulas of 7 tokens, 1,000 random ones of up to 15, 10 of up to 31, 2 of each of the 22 shapes of 2 to 5 leaves");
}

}  // namespace separatrix
