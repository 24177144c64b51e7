// One training run in memory: draw a batch, gradient, clip, AdamW; no files, no clocks.
#pragma once
#include <future>
#include <memory>
#include <optional>

#include "experiments/harness/checkpoint.h"
#include "experiments/harness/evaluate.h"

namespace separatrix {

/// What one step did.
struct StepReport {
  std::int64_t step = 0;  // steps done, this one included
  double loss = 0, lr = 0, gradient_norm = 0;
  int difficulty = 0;
  int correct = 0, counted = 0;          // last answers of the batch before the update, when measured
  std::int64_t tokens = 0, targets = 0;  // of the batch, without filling; of them, those whose prediction counts in the loss
  bool diverged = false;                 // the update was not made
};

class Trainer {
 public:
  /// `config` has passed check_config.  The references must outlive the trainer.
  Trainer(const RunConfig& config, const Task& task, const Task& evaluated, Executor& executor, TrainingState state);

  /// One optimizer step on the batch of examples step * batch ... (step + 1) * batch - 1 of the run.
  /// A loss or gradient that is not finite, or a loss above 10 log(vocabulary), is divergence.
  StepReport step(bool measure);
  /// Checks the hold-out accuracy when it is due and moves the curriculum; counted = 0 when it was not due.
  Tally check();
  bool finished() const;

  /// Weights and moments are brought back from the device first when they live there.
  const TrainingState& state() const;
  TrainingState& state();

 private:
  /// The examples of step `step` (from 0) at the difficulty now in force.
  std::vector<Example> draw_examples(std::int64_t step, const Curriculum& curriculum) const;
  /// The same, drawn beforehand if nothing has changed since.
  std::vector<Example> take_examples();
  /// Begins to draw the next step's examples on a thread of its own, while the device works.
  void draw_ahead();
  /// Loss, gradient and update of one batch; false: diverged, and nothing was changed.
  bool update(const Batch& batch, StepReport& report, double explosion);
  std::vector<std::int32_t> predict(const Batch& batch);

  const RunConfig& config_;
  const Task &task_, &holdout_task_;
  Executor& executor_;
  mutable TrainingState state_;
  Curriculum curriculum_;
  Weights<float> gradient_;
  struct Ahead {
    std::int64_t step;
    int level;
    std::future<std::vector<Example>> examples;
  };
  std::optional<Ahead> ahead_of_time_;
  bool loaded_ = false;         // the device holds the weights
  mutable bool ahead_ = false;  // and has changed them since
};

/// A predictor that runs `weights` on `executor`; both must outlive it.
Predictor executor_predictor(Executor& executor, const Weights<float>& weights);

}  // namespace separatrix
