// The compiled formula program, run by the generic layers over any number type and compared with the exact interpreter.
#pragma once
#include <cmath>

#include "constructions/padded/weights.h"
#include "models/instances.h"
#include "proofs/padded_formulas.h"

namespace separatrix {

/// The symbols (^ & | 0 1 # _) of the tokens of the task that the construction reads.
std::string token_symbols(const BuiltModel& model);
/// Error unless the model is the formula program's in all but its weights.
padded::Plan plan_of(const BuiltModel& model);

/// What one run of the model on ^ formula ___ showed.  It ends at the first difference.
struct PaddedRun {
  std::int64_t cells = 0;  // cells that the program determines, up to the first that the model holds otherwise
  std::string different;   // that one; empty when there is none
  double turn = 0;         // the largest of a number, in units of 2^-bits,
  double share = 0;        // and the largest as a share of its bound
  char answer = '?';       // the symbol of the largest logit behind the last pad
};

/// Looks for a cell in which the stream x (width) of a token differs from the exact one.  Truth values must be equal, numbers be
/// turned no further than rounding to so many bits can turn them (constructions/padded/rounding.h).
void compare_cells(const padded::Plan& plan, const padded::Cells& exact, int token, const std::vector<double>& x, int bits,
                   PaddedRun& run);

template <Field T>
PaddedRun run_padded(const Model<T>& model, const padded::Plan& plan, const std::string& symbols, const std::string& formula,
                     int bits) {
  const int padding = padded::padding_needed(static_cast<int>(formula.size()));
  const std::string text = "^" + formula + std::string(padding, '_');
  const padded::Cells exact = padded::exact_run(padded::formula_program().program, padded::formula_inputs(formula, padding));
  PaddedRun run;
  auto state = model.start();
  for (std::size_t t = 0; t + 1 < text.size(); ++t) {
    const std::vector<Row<T>> rows = model.trace(state, static_cast<int>(symbols.find(text[t])));
    std::vector<double> x;
    for (const T& e : rows.back()) x.push_back(to_double(e));
    compare_cells(plan, exact, static_cast<int>(t), x, bits, run);
    if (!run.different.empty()) return run;
  }
  const Row<T> logits = model.step(state, static_cast<int>(symbols.find(text.back())));
  std::size_t best = 0;
  for (std::size_t i = 1; i < logits.size(); ++i)
    if (logits[best] < logits[i]) best = i;
  run.answer = symbols[best];
  return run;
}

}  // namespace separatrix
