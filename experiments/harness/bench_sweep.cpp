#include "experiments/harness/bench_sweep.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "experiments/harness/bench_step.h"
#include "experiments/harness/job.h"
#include "models/io/whole_file.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

namespace fs = std::filesystem;

struct LogFolder {
  fs::path path = fs::temp_directory_path() / fmt::format("separatrix_bench_{}", ::getpid());
  LogFolder() { fs::create_directories(path); }
  ~LogFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

struct Figures {
  double seconds, floor, gradient_error;
};

/// What one run shall measure.
struct Measured {
  const std::string& config;
  const std::vector<std::string>& sets;
  int steps, threads;
  const std::string& program;
  RunsAs runs_as;

  std::vector<std::string> sets_of(int seed) const {
    std::vector<std::string> own = sets;
    own.push_back(fmt::format("train.seed={}", seed)), own.push_back(fmt::format("train.threads={}", threads));
    return own;
  }

  std::unique_ptr<Job> start(int seed, bool alone, const fs::path& log, Figures& figures) const {
    const RunConfig own = load_config(config, sets_of(seed));
    if (is_thread(runs_as, own))
      return start_thread(
          [own, alone, steps = steps, &figures](const auto&) {
            const StepSpeed s = alone ? bench_step(own, steps) : time_steps(own, steps);
            figures = {s.seconds, alone ? s.floor() : 0, s.gradient_error};
            return 0;
          },
          log);
    Command command{program, "bench", "step", config, "--steps", fmt::format("{}", steps), "--json"};
    for (const std::string& set : sets_of(seed)) command.insert(command.end(), {"--set", set});
    return start_process(command, log, {{"OMP_NUM_THREADS", fmt::format("{}", threads)}});
  }
};

/// The figures of `jobs` runs started together.
std::vector<Figures> run_together(const Measured& measured, int jobs, const fs::path& folder) {
  std::vector<Figures> figures(static_cast<std::size_t>(jobs), Figures{-1, 0, 0});
  std::vector<std::unique_ptr<Job>> runs;
  const auto log = [&](int i) { return folder / fmt::format("{}_of_{}", i, jobs); };
  for (int i = 0; i < jobs; ++i) runs.push_back(measured.start(i, jobs == 1, log(i), figures[static_cast<std::size_t>(i)]));
  std::string failed;
  for (int i = 0; i < jobs; ++i) {
    std::optional<ExitCode> code;
    while (!(code = runs[static_cast<std::size_t>(i)]->poll())) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    Figures& f = figures[static_cast<std::size_t>(i)];
    if (*code == 0 && f.seconds >= 0) continue;  // a thread's
    const std::string text = read_whole(log(i).string());
    if (*code != 0) {
      failed = text.substr(0, text.find('\n'));
    } else {
      const auto json = nlohmann::json::parse(text);
      f = {json.at("seconds"), json.at("floor_seconds"), json.at("gradient_error")};
    }
  }
  if (!failed.empty()) fail("bench sweep: a run failed: {}", failed);
  return figures;
}

}  // namespace

double SweepSpeed::steps_per_second() const {
  double sum = 0;
  for (const double s : seconds) sum += 1 / s;
  return sum;
}

double SweepSpeed::spread() const {
  std::vector<double> sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  return (sorted.back() - sorted.front()) / sorted[sorted.size() / 2];
}

SweepSpeed bench_sweep(const std::string& config, const std::vector<std::string>& sets, int jobs, int steps,
                       const std::string& program, RunsAs runs_as) {
  if (jobs < 1 || steps < 1) fail("bench sweep: --jobs and --steps must be at least 1, not {} and {}", jobs, steps);
  const LogFolder logs;
  const Measured measured{config, sets, steps, std::max(1, available_cores() / jobs), program, runs_as};
  const Figures alone = run_together(measured, 1, logs.path).front();
  SweepSpeed speed;
  speed.jobs = jobs, speed.steps = steps, speed.alone = alone.seconds, speed.floor = alone.floor;
  fs::create_directories(logs.path / "all");
  for (const Figures& f : run_together(measured, jobs, logs.path / "all")) {
    speed.seconds.push_back(f.seconds);
    speed.worst_gradient_error = std::max(speed.worst_gradient_error, f.gradient_error);
  }
  return speed;
}

}  // namespace separatrix
