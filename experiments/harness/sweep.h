// Many runs in one directory, several at once: each a child process of this program, or a thread of it; finished ones are skipped,
// cut ones resumed. DIR/base.toml    the config all runs share        DIR/sweep.json   all runs, their settings and states
// DIR/<run>/       one run directory each            DIR/results.csv  the rows of finished runs (counts)
// DIR/<run>.log    what the run printed; of a thread how it ended
#pragma once
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/harness/process.h"
#include "experiments/harness/sweep_file.h"

namespace separatrix {

/// Processes share nothing but the machine.  A GPU runs kernels of several processes in turns, those of several streams of one
/// process at the same time: so runs on it are threads, each with an executor and a stream of its own.  They share the fate of
/// their process: after an error that the CUDA runtime cannot recover from no further run is started, and the same command goes on.
enum class RunsAs { by_device, processes, threads };

/// auto (by device) | processes | threads; another word throws Error.
RunsAs parse_runs_as(const std::string& word);
/// Whether a run of this config is a thread.
bool is_thread(RunsAs runs_as, const RunConfig& config);

/// A GPU that is not there fails every run: throws Error with the runtime's message, once, before the first.
void refuse_missing_device(const std::vector<PlannedRun>& runs);

struct SweepOptions {
  int jobs = 0;                // runs at once; 0: one per core
  bool quiet = false;          // no progress
  std::function<bool()> stop;  // asked often; true stops all runs, each with a checkpoint
  RunsAs runs_as = RunsAs::by_device;
  std::function<std::string()>
      device_fault;  // asked when a thread has failed; empty text: the device can be used; null: cuda_fault
  Command trainer;   // program and first arguments of a run that is a process; empty: this program's `train`
};

struct SweepResult {
  int planned = 0, done = 0, diverged = 0, crashed = 0, skipped = 0;
  bool stopped = false;
};

/// Runs what is not finished.  A run that diverges or crashes is recorded and the others go on.
/// Throws Error when another sweep works in the directory, or when a finished run there had other settings; and, when all runs have
/// ended, if their process lost its GPU.
SweepResult run_sweep(const SweepFile& sweep, const std::vector<PlannedRun>& runs, const std::filesystem::path& directory,
                      const SweepOptions& options);

/// {"runs": [{"name": ..., "train.lr": ..., every other key}]}
nlohmann::ordered_json dry_run(const std::vector<PlannedRun>& runs);

/// Cores this process may use.
int available_cores();

}  // namespace separatrix
