// Learning curves from metrics.jsonl.
#pragma once
#include <filesystem>
#include <vector>

#include "experiments/report/plots.h"

namespace separatrix {

/// Training accuracy (counts summed over bins of steps) and difficulty of a run; at most `points` points.  Empty without the file.
std::vector<MetricPoint> read_learning(const std::filesystem::path& metrics, std::size_t points = 120);

}  // namespace separatrix
