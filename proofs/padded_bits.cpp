// How many bits the compiled formula program needs.  The hardest keys are the quotients of layer 4, up to q = N / b =
// (7 + 2 2^D) (n + 1): neighbours differ by about 1 / q^4 in their score, which the key's 16 rounds to multiples of 2^(5 - p).
#include "proofs/padded_bits.h"

#include "constructions/balanced_program.h"
#include "models/numbers/from_exact.h"
#include "proofs/claim.h"
#include "proofs/padded_model.h"

namespace separatrix {
namespace {

/// Whether p-bit arithmetic gives the answer and every determined cell.
bool enough_bits(const BuiltModel& built, const padded::Plan& plan, const std::string& formula, int p) {
  const Model<LogFloat> model(built.spec, weights_as_log_float(built.spec, built.weights, p));
  const PaddedRun run = run_padded(model, plan, token_symbols(built), formula, p);
  return run.different.empty() && run.answer == (value_of(parse_formula(formula)) ? '1' : '0');
}

std::string formula_of(int n) {
  Rng rng = draw(1, Purpose::report, static_cast<std::uint32_t>(n), 7000);
  return n == 7 ? all_formulas_of_seven_tokens()[90] : random_formula(rng, (n + 1) / 2, padded::floor_log2(n));
}

int bits_needed(const BuiltModel& built, const padded::Plan& plan, int n) {
  const std::string formula = formula_of(n);
  const double law = padded_bits_law(n);
  int p = static_cast<int>(std::floor(law)) - 2;
  while (p <= law + 1 && !enough_bits(built, plan, formula, p)) ++p;
  return p;
}

Outcome check_bits(const BuiltModel& built, const std::vector<int>& lengths) {
  const padded::Plan plan = plan_of(built);
  Cases cases;
  std::string found;
  for (const int n : lengths) {
    const double law = padded_bits_law(n);
    const int p = bits_needed(built, plan, n);
    cases.expect(p >= law - 1 && p <= law + 1,
                 [&] { return fmt::format("n = {}: {} bits or more, the law says {:.1f}", n, p, law); });
    cases.expect(!enough_bits(built, plan, formula_of(n), 24), [&] { return fmt::format("n = {}: 24 bits are enough", n); });
    found += fmt::format("{}n = {}: {} bits, the law {:.1f}", found.empty() ? "" : "; ", n, p, law);
  }
  return cases.done(found);
}

}  // namespace

double padded_bits_law(int length) {
  return 4 * std::log2(padded::padding_needed(length) / (length + 1)) + 5;
}

int padded_bits_needed(int length) {
  const BuiltModel built = build_padded_formulas(1);
  return bits_needed(built, plan_of(built), length);
}

Outcome check_padded_bits(const BuiltModel& model) {
  return check_bits(model, {7});
}
Outcome check_padded_bits_deep(const BuiltModel& model) {
  return check_bits(model, {7, 11, 13, 15, 17});
}

}  // namespace separatrix
