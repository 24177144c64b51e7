// The report's tables: what each one says.
#pragma once
#include <string>
#include <vector>

#include "experiments/report/selection.h"
#include "experiments/report/table.h"

namespace separatrix {

/// Accuracy of the selected run of each model per difficulty, the best shortcut and the paper's number beside it (Tables 15 to 17).
Table accuracy_table(const Experiment& experiment);
/// The same as CSV: one line per model and difficulty, counts and interval.
std::string accuracy_csv(const Experiment& experiment);

/// Per model: which run was selected, mean over runs, success rates, steps to solve, how runs ended.
Table runs_table(const Experiment& experiment);

}  // namespace separatrix
