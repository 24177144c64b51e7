#include "experiments/harness/trainer.h"

#include <algorithm>
#include <cmath>

#include "experiments/harness/batch.h"
#include "experiments/harness/schedule.h"

namespace separatrix {

Trainer::Trainer(const RunConfig& config, const Task& task, const Task& evaluated, Executor& executor, TrainingState state)
    : config_(config),
      task_(task),
      holdout_task_(config.curriculum.holdout == "evaluate" ? evaluated : task),
      executor_(executor),
      state_(std::move(state)),
      curriculum_(config.curriculum, config.task.difficulty),
      gradient_(state_.weights) {
  curriculum_.restore(state_.curriculum);
}

bool Trainer::finished() const {
  return state_.step >= config_.train.steps || (config_.train.stop_when_solved && state_.curriculum.solved);
}

StepReport Trainer::step(bool measure) {
  const TrainConfig& train = config_.train;
  curriculum_.begin(state_.step);
  const std::uint64_t first = static_cast<std::uint64_t>(state_.step) * static_cast<std::uint64_t>(train.batch);
  std::vector<Example> examples;
  for (std::uint64_t i = first; i < first + static_cast<std::uint64_t>(train.batch); ++i)
    examples.push_back(task_.sample(train.seed, Purpose::train, curriculum_.difficulty_of(train.seed, i), i));

  StepReport report;
  report.step = state_.step + 1;
  report.difficulty = curriculum_.difficulty();
  report.lr = learning_rate(train, state_.step);
  report.tokens = real_tokens(examples);
  Batch batch = pack(examples, Counted::loss);
  report.targets = std::count(batch.mask.begin(), batch.mask.end(), 1);
  report.loss = executor_.loss_and_gradient(state_.weights, batch, gradient_);
  const double explosion = 10 * std::log(static_cast<double>(task_.vocabulary().size()));
  report.diverged = !std::isfinite(report.loss) || report.loss > explosion;
  if (report.diverged) return report;
  if (measure) {
    count(batch, examples, Counted::last_answer);
    report.correct = correct_last_answers(batch, examples, executor_.predict(state_.weights, batch));
    report.counted = train.batch;
  }
  report.gradient_norm = optimiser_step(state_.weights, gradient_, state_.moments, train, report.lr, report.step);
  report.diverged = !std::isfinite(report.gradient_norm);
  if (report.diverged) return report;
  state_.step = report.step;
  state_.tokens += report.tokens;
  state_.curriculum = curriculum_.state();
  return report;
}

Tally Trainer::check() {
  if (!curriculum_.wants_check(state_.step)) return {};
  Stream stream{config_.train.seed, Purpose::curriculum};
  stream.samples = config_.curriculum.samples;
  stream.first =
      static_cast<std::uint64_t>(state_.step / config_.curriculum.check_every) * static_cast<std::uint64_t>(stream.samples);
  const Tally tally = evaluate(executor_predictor(executor_, state_.weights), holdout_task_, curriculum_.difficulty(), stream);
  curriculum_.observe(state_.step, tally.correct, tally.counted);
  state_.curriculum = curriculum_.state();
  return tally;
}

Predictor executor_predictor(Executor& executor, const Weights<float>& weights) {
  return [&executor, &weights](const Batch& batch) { return executor.predict(weights, batch); };
}

}  // namespace separatrix
