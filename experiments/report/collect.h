// Rows from the run directories of a sweep: run.json is the source, results.csv and the report are made from it.
#pragma once
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/report/row.h"

namespace separatrix {

/// The rows of one run directory: one per stream and difficulty; one of stream "none" when the run ended without evaluations
/// (diverged, or crashed says sweep.json); none while it is unfinished.  Throws Error when run.json is damaged.
std::vector<Row> rows_of_run(const std::filesystem::path& run_directory, const std::string& experiment);

/// What a report reads: a sweep directory (with sweep.json) or a CSV of rows.
struct SweepResults {
  std::string name;                    // of the experiment
  std::filesystem::path directory;     // empty for a CSV
  nlohmann::ordered_json description;  // sweep.json; null for a CSV
  std::vector<Row> rows;
  int planned = 0, finished = 0;  // runs
};
SweepResults read_sweep(const std::filesystem::path& path);

}  // namespace separatrix
