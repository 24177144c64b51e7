#include "experiments/harness/run.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "experiments/harness/initialise.h"
#include "experiments/harness/machine.h"
#include "experiments/harness/progress.h"
#include "experiments/harness/record.h"
#include "experiments/harness/run_directory.h"
#include "kernels/isa.h"
#include "kernels/picked.h"
#include "models/io/whole_file.h"

namespace separatrix {
namespace {

/// Task options with the task's own defaults filled in.
RunConfig complete(RunConfig config) {
  check_config(config);
  for (const TaskOption& option : training_task(config)->options()) config.task.options[option.name] = option.value;
  return config;
}

Platform this_platform(const TrainConfig& train, Precision precision, int threads) {
  return {train.device, precision_name(precision), isa_name(isa()), threads, program_commit()};
}

std::string platform_text(const Platform& p) {
  return fmt::format("{} {} {} {} threads, commit {}", p.device, p.isa, p.precision, p.threads, p.commit);
}

/// One call of train_run.
class Run {
 public:
  Run(const RunConfig& config, const RunDirectory& folder, const RunOptions& options)
      : config_(config),
        options_(options),
        folder_(folder),
        task_(training_task(config)),
        evaluated_(evaluation_task(config)),
        spec_(model_spec(config, *task_)),
        device_(parse_device(config.train.device)),
        precision_(parse_precision(config.train.precision, device_)),
        saved_(saved_state()),
        platform_(this_platform(config.train, precision_, use_threads(threads_asked()))),
        executor_(options.executor(spec_, device_, precision_)),
        trainer_(config_, *task_, *evaluated_, *executor_, first_state()),
        start_step_(trainer_.state().step),
        start_seconds_(trainer_.state().seconds) {}

  RunResult go() {
    write_whole(folder_ / "config.toml", to_toml(config_));
    record("running", "", {});
    Metrics metrics(folder_ / "metrics.jsonl", start_step_);
    Progress progress(start_step_, config_.train.steps, options_.quiet);
    for (const std::string& note : trainer_.state().notes) progress.note(note);
    const std::string ended = loop(metrics, progress);
    if (!ended.empty() && ended != "cut") {
      progress.note(ended);
      record("diverged", ended, {});
      return {"diverged", ended, trainer_.state().step, {}};
    }
    checkpoint(metrics);
    if (ended == "cut") {
      record("cut", "stopped before its last step", {});
      return {"cut", "stopped before its last step", trainer_.state().step, {}};
    }
    const std::vector<Tally> tallies = evaluate_run(config_, *evaluated_, executor_predictor(*executor_, trainer_.state().weights));
    record("done", "", tallies);
    return {"done", "", trainer_.state().step, tallies};
  }

  /// After an error (a full disk, say): says so in the record if that can still be written.
  void record_cut(const std::string& reason) noexcept {
    try {
      record("cut", reason, {});
    } catch (...) {
    }
  }

 private:
  using Clock = std::chrono::steady_clock;
  double elapsed() const { return std::chrono::duration<double>(Clock::now() - began_).count(); }

  std::optional<TrainingState> saved_state() const {
    if (!options_.resume || !folder_.has("training.safetensors")) return std::nullopt;
    return load_training(folder_ / "training.safetensors", spec_);
  }

  /// A run without a number of threads goes on with the one it began with: sums depend on it.
  int threads_asked() const {
    const int asked = config_.train.threads;
    return asked == 0 && saved_ ? saved_->platform.threads : asked;
  }

  TrainingState first_state() {
    if (!saved_) {
      TrainingState state(initial_weights(spec_, config_.model, config_.train.seed));
      state.platform = platform_;
      return state;
    }
    TrainingState state = std::move(*saved_);
    saved_.reset();
    if (state.platform != platform_)
      state.notes.push_back(fmt::format("step {}: resumed on {} (was {}); the numbers may differ from an uninterrupted run's",
                                        state.step, platform_text(platform_), platform_text(state.platform)));
    state.platform = platform_;
    return state;
  }

  /// Steps until the end.  Returns "" when finished, "cut", or why the run diverged.
  std::string loop(Metrics& metrics, Progress& progress) {
    const TrainConfig& train = config_.train;
    TrainingState& state = trainer_.state();
    std::int64_t tokens = 0;
    while (!trainer_.finished()) {
      const bool log = (state.step + 1) % train.log_every == 0 || state.step + 1 == train.steps;
      const StepReport report = trainer_.step(log);
      if (report.diverged)
        return fmt::format("diverged at step {}: loss {:.4g}, gradient norm {:.4g}, learning rate {:.3g}", report.step, report.loss,
                           report.gradient_norm, report.lr);
      tokens += report.tokens;
      state.seconds = start_seconds_ + elapsed();
      const double rate = static_cast<double>(tokens) / std::max(1e-9, elapsed());
      if (log) {
        metrics.add(report, state.seconds, rate);
        progress.accuracy(static_cast<double>(report.correct) / report.counted);
      }
      progress.update(report.step, report.loss, report.difficulty, rate);
      if (const Tally tally = trainer_.check(); tally.counted > 0) metrics.add_holdout(state.step, tally);
      if (train.checkpoint_every > 0 && state.step % train.checkpoint_every == 0) checkpoint(metrics);
      const bool late = options_.max_seconds > 0 && elapsed() > options_.max_seconds;
      if (!trainer_.finished() && (late || (options_.stop && options_.stop()))) return "cut";
    }
    return "";
  }

  /// training.safetensors decides; what is written before it may be ahead of it, what is written after it may be behind.
  void checkpoint(Metrics& metrics) {
    metrics.flush();
    save_training(folder_ / "training.safetensors", spec_, trainer_.state());
    save_model(folder_ / "model.safetensors", spec_, trainer_.state().weights,
               {task_->name(), config_.task.options, task_->vocabulary(), trainer_.state().step, config_.train.seed});
    record("running", "", {});
  }

  void record(const std::string& status, const std::string& reason, const std::vector<Tally>& tallies) {
    write_whole(folder_ / "run.json", run_record(config_, spec_, trainer_.state(), status, reason, tallies).dump(1) + "\n");
  }

  const RunConfig& config_;
  const RunOptions& options_;
  const RunDirectory& folder_;
  std::unique_ptr<Task> task_, evaluated_;
  Spec spec_;
  Device device_;
  Precision precision_;
  std::optional<TrainingState> saved_;  // until the trainer has it
  Platform platform_;
  std::unique_ptr<Executor> executor_;
  Trainer trainer_;
  std::int64_t start_step_;
  double start_seconds_;
  Clock::time_point began_ = Clock::now();
};

}  // namespace

std::vector<Tally> evaluate_run(const RunConfig& config, const Task& task, const Predictor& predict) {
  std::vector<Tally> tallies;
  for (const Purpose purpose : {Purpose::select, Purpose::report}) {
    Stream stream{config.evaluate.seed, purpose};
    stream.samples = purpose == Purpose::select ? config.evaluate.select_samples : config.evaluate.samples;
    for (const int n : evaluation_difficulties(config)) tallies.push_back(evaluate(predict, task, n, stream));
  }
  return tallies;
}

/// What is sure not to fit is refused before anything is written.
void check_memory(const RunConfig& config) {
  const auto task = training_task(config), evaluated = evaluation_task(config);
  const Spec spec = model_spec(config, *task);
  const double memory = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGE_SIZE));
  const double parameters = static_cast<double>(parameter_count(spec));
  if (4 * sizeof(float) * parameters > memory)  // weights, gradient, two moments
    fail("the model has {:.3g} parameters, and to train it takes {:.3g} GB; this machine has {:.3g} GB: choose a smaller one",
         parameters, 4e-9 * sizeof(float) * parameters, 1e-9 * memory);
  const int n = config.curriculum.kind == "none" ? config.task.difficulty : config.curriculum.levels.front();
  const double tokens =
      config.train.batch * static_cast<double>(task->sample(config.train.seed, Purpose::train, n, 0).tokens.size());
  if (16 * tokens > memory)
    fail("train.batch = {} makes batches of {:.3g} tokens, more than this machine's {:.3g} GB hold: choose fewer",
         config.train.batch, tokens, 1e-9 * memory);
  if (config.train.device != "cpu") return;
  // The CPU cuts no sequence, and keeps its residual stream before and behind every sublayer up to the last mixer.
  std::size_t sublayers = 0;
  for (const Block& block : spec.blocks) sublayers += 1 + (block.mlp.hidden > 0);
  const double token_bytes =
      sizeof(float) * static_cast<double>(spec.width) * static_cast<double>(up_to_last_mixer(spec, sublayers) + 1);
  for (const int difficulty : evaluation_difficulties(config)) {
    const double bytes =
        token_bytes * static_cast<double>(evaluated->sample(config.evaluate.seed, Purpose::report, difficulty, 0).tokens.size());
    if (bytes > memory)
      fail("evaluate.difficulties = {}: one example takes more than {:.3g} GB, this machine has {:.3g}; choose a smaller one",
           difficulty, 1e-9 * bytes, 1e-9 * memory);
  }
}

RunResult train_run(RunConfig given, const std::string& directory, const RunOptions& options) {
  const RunConfig config = complete(std::move(given));
  check_memory(config);
  const std::string status = run_status(directory);
  if (!status.empty() && !options.resume)
    fail("{} holds a run already ({}); go on with --resume, or choose another --out", directory, status);
  if (status.empty() && std::filesystem::exists(directory + "/model.safetensors"))
    fail("{} holds a checkpoint that is not a run's, and would be lost; choose another --out", directory);
  const RunDirectory folder(directory);
  if (!status.empty()) {
    const RunConfig before = load_config(folder / "config.toml");
    check_continues(before, config, directory);
    const Json record = Json::parse(read_whole(folder / "run.json"));
    const std::int64_t steps = record.value("steps", std::int64_t{0});
    const bool longer = config.train.steps > before.train.steps;
    if (status == "diverged" || (status == "done" && !longer)) return {status, record.value("reason", ""), steps, {}};
    if (folder.has("model.safetensors") && !folder.has("training.safetensors"))
      fail("{}: the run stands at step {}, but training.safetensors is missing; put it back, or choose another --out", directory,
           steps);
  }
  Run run(config, folder, options);
  try {
    return run.go();
  } catch (const std::exception& error) {
    run.record_cut(error.what());
    throw;
  }
}

}  // namespace separatrix
