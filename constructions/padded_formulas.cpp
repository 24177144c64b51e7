// Boolean formulas by a fixed hybrid after polynomial padding: the program of padded/formula_program.h, compiled, over the task's
// own tokens.  The weights are the same for every length; 21 leaves^3 pads are enough for 4 leaves, or 6 and more
// (2 leaves - 1 tokens need (7 + 2 2^D) (2 leaves)^2 <= (16 leaves + 20) leaves^2).
#include "constructions/construction.h"
#include "constructions/padded/weights.h"

namespace separatrix {

BuiltModel build_padded_formulas(int) {
  const TaskOptions options{{"bos", "true"}, {"padding", "21*n^3"}, {"shape", "complete"}};
  const auto task = make_task("polish_formula", options);
  padded::FormulaModel model = padded::formula_model(padded::token_symbols(task->vocabulary()));
  return {std::move(model.spec), std::move(model.weights), task->name(), options};
}

}  // namespace separatrix
