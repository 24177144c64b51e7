#include "experiments/harness/trainer.h"

#include <algorithm>
#include <cmath>

#include "experiments/harness/batch.h"
#include "experiments/harness/initialise.h"
#include "experiments/harness/schedule.h"
#include "kernels/adamw/adamw.h"

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

std::vector<Example> Trainer::draw_examples(std::int64_t step, const Curriculum& curriculum) const {
  const TrainConfig& train = config_.train;
  const std::uint64_t first = static_cast<std::uint64_t>(step) * static_cast<std::uint64_t>(train.batch);
  std::vector<Example> examples;
  for (std::uint64_t i = first; i < first + static_cast<std::uint64_t>(train.batch); ++i)
    examples.push_back(task_.sample(train.seed, Purpose::train, curriculum.difficulty_of(train.seed, i), i));
  return examples;
}

std::vector<Example> Trainer::take_examples() {
  if (!ahead_of_time_) return draw_examples(state_.step, curriculum_);
  Ahead ahead = std::move(*ahead_of_time_);
  ahead_of_time_.reset();
  const std::vector<Example> examples = ahead.examples.get();
  const bool valid = ahead.step == state_.step && ahead.level == curriculum_.state().level;
  return valid ? examples : draw_examples(state_.step, curriculum_);
}

void Trainer::draw_ahead() {
  if (state_.step + 1 >= config_.train.steps) return;
  ahead_of_time_ = Ahead{state_.step + 1, curriculum_.state().level,
                         std::async(std::launch::async, [this, next = state_.step + 1, curriculum = curriculum_] {
                           return draw_examples(next, curriculum);
                         })};
}

StepReport Trainer::step(bool measure) {
  const TrainConfig& train = config_.train;
  curriculum_.begin(state_.step);
  const std::vector<Example> examples = take_examples();
  if (executor_.resident()) draw_ahead();

  StepReport report;
  report.step = state_.step + 1;
  report.difficulty = curriculum_.difficulty();
  report.lr = learning_rate(train, state_.step);
  report.tokens = real_tokens(examples);
  const Batch batch = pack(examples, Counted::loss);
  report.targets = std::count(batch.mask.begin(), batch.mask.end(), 1);
  if (measure) {
    Batch last = batch;
    count(last, examples, Counted::last_answer);
    report.correct = correct_last_answers(last, examples, predict(last));
    report.counted = train.batch;
  }
  report.diverged = !update(batch, report, 10 * std::log(static_cast<double>(task_.vocabulary().size())));
  if (report.diverged) return report;
  state_.step = report.step;
  state_.tokens += report.tokens;
  state_.curriculum = curriculum_.state();
  return report;
}

bool Trainer::update(const Batch& batch, StepReport& report, double explosion) {
  const TrainConfig& train = config_.train;
  if (ResidentTraining* device = executor_.resident()) {
    if (!loaded_) {
      std::vector<std::uint8_t> decayed(state_.weights.values().size());
      for (const Parameter& p : state_.weights.layout())
        std::fill_n(decayed.begin() + static_cast<std::ptrdiff_t>(p.offset), p.size, decays(p));
      device->load(state_.weights.values(), state_.moments.first, state_.moments.second, decayed);
      loaded_ = true;
    }
    const AdamW settings{report.lr, train.beta1, train.beta2, train.eps, train.weight_decay};
    const StepOutcome done = device->step(batch, settings, train.clip, explosion, report.step);
    report.loss = done.loss, report.gradient_norm = done.gradient_norm;
    ahead_ = ahead_ || done.updated;
    return done.updated;
  }
  report.loss = executor_.loss_and_gradient(state_.weights, batch, gradient_);
  if (!std::isfinite(report.loss) || report.loss > explosion) return false;
  report.gradient_norm = optimiser_step(state_.weights, gradient_, state_.moments, train, report.lr, report.step);
  return std::isfinite(report.gradient_norm);
}

std::vector<std::int32_t> Trainer::predict(const Batch& batch) {
  return loaded_ ? executor_.resident()->predict(batch) : executor_.predict(state_.weights, batch);
}

const TrainingState& Trainer::state() const {
  if (ahead_) executor_.resident()->fetch(state_.weights.values(), state_.moments.first, state_.moments.second);
  ahead_ = false;
  return state_;
}
TrainingState& Trainer::state() {
  return const_cast<TrainingState&>(std::as_const(*this).state());
}

Tally Trainer::check() {
  if (!curriculum_.wants_check(state_.step)) return {};
  Stream stream{config_.train.seed, Purpose::curriculum};
  stream.samples = config_.curriculum.samples;
  stream.first =
      static_cast<std::uint64_t>(state_.step / config_.curriculum.check_every) * static_cast<std::uint64_t>(stream.samples);
  const Tally tally = evaluate(executor_predictor(executor_, state().weights), holdout_task_, curriculum_.difficulty(), stream);
  curriculum_.observe(state_.step, tally.correct, tally.counted);
  state_.curriculum = curriculum_.state();
  return tally;
}

Predictor executor_predictor(Executor& executor, const Weights<float>& weights) {
  return [&executor, &weights](const Batch& batch) { return executor.predict(weights, batch); };
}

}  // namespace separatrix
