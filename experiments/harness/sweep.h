// Many runs in one directory: each a child process of this program, several at once; finished ones are skipped, cut ones resumed.
// DIR/base.toml    the config all runs share        DIR/sweep.json   all runs, their settings and states
// DIR/<run>/       one run directory each            DIR/results.csv  the rows of finished runs (counts)
// DIR/<run>.log    what the run printed
#pragma once
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/harness/process.h"
#include "experiments/harness/sweep_file.h"

namespace separatrix {

struct SweepOptions {
  int jobs = 0;                // runs at once; 0: one per core
  bool quiet = false;          // no progress
  std::function<bool()> stop;  // asked often; true stops all runs, each with a checkpoint
  Command trainer;             // program and first arguments that train one run; empty: this program's `train`
};

struct SweepResult {
  int planned = 0, done = 0, diverged = 0, crashed = 0, skipped = 0;
  bool stopped = false;
};

/// Runs what is not finished.  A run that diverges or crashes is recorded and the others go on.
/// Throws Error when another sweep works in the directory, or when a finished run there had other settings.
SweepResult run_sweep(const SweepFile& sweep, const std::vector<PlannedRun>& runs, const std::filesystem::path& directory,
                      const SweepOptions& options);

/// {"runs": [{"name": ..., "train.lr": ..., every other key}]}
nlohmann::ordered_json dry_run(const std::vector<PlannedRun>& runs);

/// Cores this process may use.
int available_cores();

}  // namespace separatrix
