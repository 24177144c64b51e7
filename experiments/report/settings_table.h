// Where a sweep's settings differ from the paper's (experiments/paper/<task>.toml), so that no one compares unlike with like; from
// the defaults, where the task is not the paper's.
#pragma once
#include <optional>

#include "experiments/report/collect.h"
#include "experiments/report/table.h"

namespace separatrix {

/// Empty when the sweep is a CSV without settings.
std::optional<Table> settings_table(const SweepResults& sweep);

}  // namespace separatrix
