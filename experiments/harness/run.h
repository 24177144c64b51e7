// A training run from its config to its run directory: start or resume, train, checkpoint, evaluate.
#pragma once
#include <functional>
#include <memory>

#include "experiments/harness/config.h"
#include "experiments/harness/evaluate.h"

namespace separatrix {

using MakeExecutor = std::function<std::unique_ptr<Executor>(const Spec&, Device, Precision)>;

struct RunOptions {
  bool resume = false;         // go on from the folder's checkpoint, or begin when there is none
  bool quiet = false;          // no progress
  double max_seconds = 0;      // > 0: cut the run (checkpoint, no evaluation) after that time
  std::function<bool()> stop;  // asked after each step; true cuts the run
  MakeExecutor executor = make_executor;
};

struct RunResult {
  std::string status;  // done | diverged | cut
  std::string reason;
  std::int64_t steps = 0;
  std::vector<Tally> evaluations;  // of this call; a run that was done already has them in run.json only
};

/// Trains in `directory`.  Everything is a function of the config, so that a run killed at any moment and resumed on the same
/// platform ends with the same bits.  Throws Error for bad settings, for a folder that holds another run (or any run, without
/// `resume`), for a damaged checkpoint and for a full disk; the last whole checkpoint then stays as it is.
RunResult train_run(RunConfig config, const std::string& directory, const RunOptions& options);

/// Throws Error when training takes more memory than the machine has, for sure.
void check_memory(const RunConfig& config);

/// Evaluates at all difficulties of the config on both streams, select and report.
std::vector<Tally> evaluate_run(const RunConfig& config, const Task& task, const Predictor& predict);

}  // namespace separatrix
