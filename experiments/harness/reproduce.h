// The main job: verify every statement, train the three models on the paper's three tasks, write the report.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "experiments/harness/sweep.h"

namespace separatrix {

struct ReproduceOptions {
  std::string scale = "quick";           // the folder of sweeps below experiments/: quick | paper
  std::filesystem::path out = "report";  // the report; sweeps are in out/runs/<name>
  int jobs = 0;                          // runs at once; 0: one per core
  std::function<bool()> stop;            // true ends with everything resumable
  std::vector<std::string> sets;         // overrides for every run
  RunsAs runs_as = RunsAs::by_device;
};

struct ReproduceResult {
  bool statements_hold = false, stopped = false;
};

/// Prints what it does and how long it took.  Called again, it goes on where it was.  Throws Error for an unknown scale.
ReproduceResult reproduce(const ReproduceOptions& options);

}  // namespace separatrix
