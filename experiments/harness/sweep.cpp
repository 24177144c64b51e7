// The sweep's loop: start, watch, record.
#include "experiments/harness/sweep.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>

#include "experiments/harness/job.h"
#include "experiments/harness/run.h"
#include "experiments/harness/sweep_directory.h"
#include "experiments/harness/sweep_progress.h"
#include "kernels/cuda_devices.h"

namespace separatrix {
namespace {

/// The last line of a log that says something: why a run crashed.
std::string last_line(const std::filesystem::path& log) {
  std::ifstream in(log);
  std::string last;
  for (std::string line; std::getline(in, line);)
    if (line.find_first_not_of(" \r\t") != std::string::npos) last = line;
  return last.substr(last.rfind('\r') == std::string::npos ? 0 : last.rfind('\r') + 1);
}

class Sweep {
 public:
  Sweep(const std::vector<PlannedRun>& runs, SweepDirectory& directory, const SweepOptions& options)
      : runs_(runs),
        directory_(directory),
        options_(options),
        jobs_(options.jobs > 0 ? options.jobs : available_cores()),
        threads_(std::max(1, available_cores() / jobs_)) {
    for (std::size_t i = 0; i < runs.size(); ++i)
      if (directory.state(i).status == "pending") waiting_.push_back(i);
  }

  /// Until nothing waits and nothing runs; false when stopped before.
  bool go(SweepProgress& progress) {
    while (!waiting_.empty() || !running_.empty()) {
      if (options_.stop && options_.stop()) return stop_all(), false;
      while (static_cast<int>(running_.size()) < jobs_ && start_next()) {
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      for (std::size_t r = running_.size(); r-- > 0;)
        if (const auto code = running_[r].job->poll()) {
          const std::size_t i = running_[r].run;
          running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(r));
          record_end(i, *code);
          progress.ended(i);
          if (*code != 0) check_device(i);
        }
      progress.update(running_.size());
    }
    if (!lost_.empty())
      fail("the GPU can no longer be used by this process ({}): {} of {} runs were not started; the same command goes on", lost_,
           not_started_, runs_.size());
    return true;
  }

 private:
  struct Running {
    std::size_t run;
    std::unique_ptr<Job> job;
  };

  /// Starts the first waiting run whose folder is free (a killed sweep's run may still be writing its checkpoint).
  bool start_next() {
    for (auto next = waiting_.begin(); next != waiting_.end(); ++next) {
      if (directory_.recorded(*next) == "running") continue;
      const std::size_t i = *next;
      waiting_.erase(next);
      directory_.set_state(i, {"running", ""});
      running_.push_back({i, start(i)});
      return true;
    }
    return false;
  }

  std::unique_ptr<Job> start(std::size_t i) const {
    if (is_thread(options_.runs_as, runs_[i].config)) return start_thread(training(i), directory_.log(i));
    return start_process(command(i), directory_.log(i), {{"OMP_NUM_THREADS", fmt::format("{}", threads_)}});
  }

  /// A run that leaves its threads open begins with its share of the cores, and goes on with what it began with (run.cpp).
  std::vector<std::string> sets(std::size_t i) const {
    std::vector<std::string> sets = runs_[i].sets();
    const bool begun = std::filesystem::exists(directory_.run(i) / "training.safetensors");
    if (runs_[i].config.train.threads == 0 && !begun) sets.push_back(fmt::format("train.threads={}", threads_));
    return sets;
  }

  /// The same run, settings read from the same file, as command(i).
  Work training(std::size_t i) const {
    return [base = directory_.base().string(), sets = sets(i), run = directory_.run(i).string(),
            log = directory_.log(i)](const std::atomic<bool>& stop) {
      RunOptions options;
      options.resume = options.quiet = true;
      options.stop = [&stop] { return stop.load(); };
      const RunResult result = train_run(load_config(base, sets), run, options);
      std::ofstream(log, std::ios::app) << fmt::format("{} after {} steps: {}\n", result.status, result.steps,
                                                       result.reason.empty() ? run : result.reason);
      return result.status == "diverged" ? 1 : 0;
    };
  }

  Command command(std::size_t i) const {
    Command command = options_.trainer.empty() ? Command{this_program(), "train"} : options_.trainer;
    command.insert(command.end(), {directory_.base().string(), "--out", directory_.run(i).string(), "--resume", "--quiet"});
    for (const std::string& set : sets(i)) command.insert(command.end(), {"--set", set});
    return command;
  }

  void record_end(std::size_t i, ExitCode code) {
    const std::string status = directory_.recorded(i);
    if (status == "done" || status == "diverged")
      directory_.set_state(i, {status, ""});
    else
      directory_.set_state(i, {"crashed", fmt::format("exit code {}: {}", code, last_line(directory_.log(i)))});
  }

  /// Runs started after an error that outlives its run would all fail of it.
  void check_device(std::size_t failed) {
    if (!lost_.empty() || !is_thread(options_.runs_as, runs_[failed].config)) return;
    if (options_.device_fault)
      lost_ = options_.device_fault();
    else if (runs_[failed].config.train.device == "cuda")
      lost_ = cuda_fault();
    if (!lost_.empty()) not_started_ = waiting_.size(), waiting_.clear();
  }

  void stop_all() {
    for (const Running& r : running_) r.job->ask_to_stop();
    for (const Running& r : running_) {
      r.job->wait(120);
      const std::string status = directory_.recorded(r.run);
      directory_.set_state(r.run, {status.empty() ? "pending" : status, ""});
    }
    running_.clear();
  }

  const std::vector<PlannedRun>& runs_;
  SweepDirectory& directory_;
  const SweepOptions& options_;
  int jobs_, threads_;
  std::vector<std::size_t> waiting_;
  std::vector<Running> running_;
  std::string lost_;  // why the device cannot be used
  std::size_t not_started_ = 0;
};

}  // namespace

SweepResult run_sweep(const SweepFile& sweep, const std::vector<PlannedRun>& runs, const std::filesystem::path& path,
                      const SweepOptions& options) {
  SweepDirectory directory(sweep, runs, path);
  SweepResult result;
  result.planned = static_cast<int>(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) result.skipped += directory.state(i).status != "pending";
  {
    SweepProgress progress(sweep.name, runs, directory, options.quiet);
    result.stopped = !Sweep(runs, directory, options).go(progress);
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::string& status = directory.state(i).status;
    result.done += status == "done", result.diverged += status == "diverged", result.crashed += status == "crashed";
  }
  return result;
}

nlohmann::ordered_json dry_run(const std::vector<PlannedRun>& runs) {
  nlohmann::ordered_json out = {{"runs", nlohmann::ordered_json::array()}};
  for (const PlannedRun& run : runs) {
    nlohmann::ordered_json settings = {{"name", run.name}};
    for (const ConfigKey& key : config_entries(run.config)) {
      auto value = nlohmann::ordered_json::parse(key.value, nullptr, false);
      settings[key.name] = value.is_discarded() ? nlohmann::ordered_json(key.value) : value;
    }
    out["runs"].push_back(std::move(settings));
  }
  return out;
}

RunsAs parse_runs_as(const std::string& word) {
  if (word == "auto") return RunsAs::by_device;
  if (word == "processes") return RunsAs::processes;
  if (word == "threads") return RunsAs::threads;
  fail("unknown word '{}' for what runs are; auto, processes or threads", word);
}

bool is_thread(RunsAs runs_as, const RunConfig& config) {
  return runs_as == RunsAs::by_device ? config.train.device == "cuda" : runs_as == RunsAs::threads;
}

void refuse_missing_device(const std::vector<PlannedRun>& runs) {
  if (std::any_of(runs.begin(), runs.end(), [](const PlannedRun& run) { return run.config.train.device == "cuda"; }))
    cuda_devices();
}

int available_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (::sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
  return std::max(1, CPU_COUNT(&cores));
}

}  // namespace separatrix
