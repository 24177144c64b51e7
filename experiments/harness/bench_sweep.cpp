#include "experiments/harness/bench_sweep.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "experiments/harness/process.h"
#include "experiments/harness/sweep.h"
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

using Json = nlohmann::json;

/// What `jobs` runs of `command` print, started together.
std::vector<Json> run_together(const Command& command, int jobs, int threads, const fs::path& folder) {
  std::vector<Child> children;
  const auto log = [&](int i) { return folder / fmt::format("{}_of_{}", i, jobs); };
  for (int i = 0; i < jobs; ++i) {
    Command own = command;
    own.insert(own.end(), {"--set", fmt::format("train.seed={}", i), "--set", fmt::format("train.threads={}", threads)});
    children.push_back(start(own, log(i), {{"OMP_NUM_THREADS", fmt::format("{}", threads)}}));
  }
  std::vector<Json> printed;
  std::string failed;
  for (int i = 0; i < jobs; ++i) {
    std::optional<ExitCode> code;
    while (!(code = poll(children[static_cast<std::size_t>(i)]))) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const std::string text = read_whole(log(i).string());
    if (*code != 0)
      failed = text.substr(0, text.find('\n'));
    else
      printed.push_back(Json::parse(text));
  }
  if (!failed.empty()) fail("bench sweep: a run failed: {}", failed);
  return printed;
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
                       const std::string& program) {
  if (jobs < 1 || steps < 1) fail("bench sweep: --jobs and --steps must be at least 1, not {} and {}", jobs, steps);
  Command command{program, "bench", "step", config, "--steps", fmt::format("{}", steps), "--json"};
  for (const std::string& set : sets) command.insert(command.end(), {"--set", set});
  const LogFolder logs;
  const int threads = std::max(1, available_cores() / jobs);
  const Json alone = run_together(command, 1, threads, logs.path).front();
  SweepSpeed speed;
  speed.jobs = jobs, speed.steps = steps, speed.alone = alone.at("seconds"), speed.floor = alone.at("floor_seconds");
  fs::create_directories(logs.path / "all");
  for (const Json& run : run_together(command, jobs, threads, logs.path / "all")) {
    speed.seconds.push_back(run.at("seconds"));
    speed.worst_gradient_error = std::max(speed.worst_gradient_error, run.at("gradient_error").get<double>());
  }
  return speed;
}

}  // namespace separatrix
