// The speed of a training step, beside what its matrix products alone would cost on this machine.
#pragma once
#include <string>

#include "experiments/harness/run.h"

namespace separatrix {

struct StepSpeed {
  int batch = 0, length = 0;  // tokens of the longest example less one
  int steps = 0;              // measured, after as many as warm it up
  double seconds = 0;         // one step: examples, gradient, clipping, AdamW; the median
  double fastest = 0;
  double spread = 0;             // (90 % quantile - 10 % quantile) / median
  double tokens_per_second = 0;  // real tokens, without filling
  double product_share = 0;      // of the time, inside matrix products (0 on a GPU: not measured)
  double gigaflop = 0;           // one step, 3 times the forward pass; what follows the last mixer on the counted tokens only
  double peak = 0;               // GFLOP/s of a large matrix product, same precision and threads, this machine, this moment
  double floor() const { return gigaflop / peak; }  // seconds, were everything a matrix product at that speed
  double gradient_error = 0;                        // |gradient - gradient of the reference device| / |the latter|, on one example
};

/// Runs `steps` warm-up and `steps` measured steps of a training run, in memory.  Throws Error when the gradient on the task's
/// shortest example differs from the reference device's by more than the precision explains: a wrong kernel has no speed.
StepSpeed bench_step(const RunConfig& config, int steps, const MakeExecutor& executor_of = make_executor);
/// The same without `peak`, whose measurement would disturb others that are being timed.
StepSpeed time_steps(const RunConfig& config, int steps, const MakeExecutor& executor_of = make_executor);

/// What a file of such rows holds, or their header where there is none yet.  Throws Error for any other file.
std::string read_speed_rows(const std::string& path);
/// Appends one row with machine, commit and date to a CSV file, which is written whole.
void append_speed_row(const std::string& path, const std::string& name, const RunConfig& config, const StepSpeed& speed);

}  // namespace separatrix
