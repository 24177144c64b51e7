// Several training runs at once on one machine, or on one GPU, as `sweep --jobs` runs them: each a process or, on a GPU, a thread
// with a stream of its own, and its share of the cores.
#pragma once
#include <string>
#include <vector>

#include "experiments/harness/sweep.h"

namespace separatrix {

struct SweepSpeed {
  int jobs = 0, steps = 0;
  double alone = 0;             // seconds of a step, median, of one run by itself on the same share of the cores
  std::vector<double> seconds;  // the same of each run, all at once
  double floor = 0;             // seconds of a step, were it matrix products alone, of the run by itself
  double worst_gradient_error = 0;
  double steps_per_second() const;  // of all runs together
  double spread() const;            // (slowest - fastest) / median of `seconds`
};

/// Runs `bench step` once, then `jobs` times at once; run i has seed i.  Throws Error with the message of a run that failed: one
/// whose gradient is wrong reports no speed.
SweepSpeed bench_sweep(const std::string& config, const std::vector<std::string>& sets, int jobs, int steps,
                       const std::string& program, RunsAs runs_as = RunsAs::by_device);

}  // namespace separatrix
