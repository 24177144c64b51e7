// Sweeps whose runs are threads of one program: the same bits as processes, and one run's end is no other's.
#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "experiments/harness/bench_sweep.h"
#include "experiments/harness/job.h"
#include "models/io/whole_file.h"
#include "tasks/error.h"
#include "tests/catch.h"
#include "tests/experiments/scratch.h"
#include "tests/experiments/tiny_sweep.h"

using namespace separatrix;
namespace fs = std::filesystem;

namespace {

struct Tiny {
  explicit Tiny(RunsAs runs_as, int steps = 4)
      : sweep(parse_sweep(tiny_sweep(R"(["A", "G", "GA"])", steps, "difficulties = [2]\nsamples = 8\nselect_samples = 8"),
                          "tiny.toml")),
        runs(plan(sweep)) {
    options.trainer = {PROGRAM, "train"};
    options.quiet = true, options.jobs = 3, options.runs_as = runs_as;
  }
  SweepResult go() { return run_sweep(sweep, runs, directory, options); }
  std::string file(std::size_t run, const char* name) const { return read_whole((directory / runs[run].name / name).string()); }
  std::string weights(std::size_t run) const { return file(run, "model.safetensors"); }
  std::string status(std::size_t run) const { return nlohmann::json::parse(file(run, "run.json"))["status"]; }

  Scratch scratch;
  fs::path directory = fs::path(scratch.path()) / "sweep";
  SweepFile sweep;
  std::vector<PlannedRun> runs;
  SweepOptions options;
};

}  // namespace

TEST_CASE("runs that are threads end with the same bits as runs that are processes", "[sweep]") {
  Tiny threads(RunsAs::threads), processes(RunsAs::processes);
  CHECK(threads.go().done == 3);
  CHECK(processes.go().done == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(threads.weights(i) == processes.weights(i));
  CHECK(threads.go().skipped == 3);
}

TEST_CASE("a thread that fails is recorded with its reason, and the others go on", "[sweep]") {
  Tiny sweep(RunsAs::threads);
  const fs::path second = sweep.directory / sweep.runs[1].name;
  fs::create_directories(second);
  write_whole((second / "model.safetensors").string(), "somebody else's");
  const SweepResult result = sweep.go();
  CHECK(result.done == 2);
  CHECK(result.crashed == 1);
  const auto description = nlohmann::json::parse(read_whole((sweep.directory / "sweep.json").string()));
  CHECK_THAT(description["runs"][1]["why"].get<std::string>(),
             Catch::Matchers::StartsWith("exit code 2: separatrix: ") && Catch::Matchers::Contains("is not a run's"));
}

TEST_CASE("when a thread's failure takes the GPU with it, no further run is started, and the same command goes on", "[sweep]") {
  Tiny sweep(RunsAs::threads);
  const fs::path first = sweep.directory / sweep.runs[0].name;
  fs::create_directories(first);
  write_whole((first / "model.safetensors").string(), "somebody else's");
  sweep.options.jobs = 1;
  sweep.options.device_fault = [] { return "an illegal memory access was encountered"; };
  CHECK_THROWS_WITH(sweep.go(), Catch::Contains("an illegal memory access") && Catch::Contains("2 of 3 runs were not started"));
  fs::remove_all(first);
  CHECK(sweep.go().done == 3);
}

TEST_CASE("a sweep of threads that is stopped cuts its runs and goes on to the bits of one that was not", "[sweep]") {
  constexpr int steps = 4000;
  Tiny whole(RunsAs::threads, steps), cut(RunsAs::threads, steps);
  whole.go();
  const auto begun = [&] {
    for (const PlannedRun& run : cut.runs)
      if (!fs::exists(cut.directory / run.name / "run.json")) return false;
    return true;
  };
  cut.options.stop = begun;
  const SweepResult stopped = cut.go();
  CHECK(stopped.stopped);
  CHECK(stopped.done < 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK((cut.status(i) == "cut" || cut.status(i) == "done"));
  cut.options.stop = nullptr;
  CHECK(cut.go().done == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(cut.weights(i) == whole.weights(i));
}

TEST_CASE("a run's threads: as its config says, else its share of the cores, which it keeps when it goes on among others",
          "[sweep]") {
  const auto threads = [](const Tiny& sweep, std::size_t run) {
    return nlohmann::json::parse(sweep.file(run, "run.json"))["threads"];
  };
  Tiny open(RunsAs::threads, 4000);
  open.options.jobs = 1;
  open.options.stop = [&] { return fs::exists(open.directory / open.runs[0].name / "run.json"); };
  open.go();
  open.options.jobs = 3, open.options.stop = nullptr;
  CHECK(open.go().done == 3);
  CHECK(threads(open, 0) == available_cores());
  CHECK(threads(open, 2) == std::max(1, available_cores() / 3));
  Tiny asked(RunsAs::threads);
  asked.runs = plan(asked.sweep, {"train.threads=3"});
  CHECK(asked.go().done == 3);
  CHECK(threads(asked, 1) == 3);
}

TEST_CASE("what runs are is one of three words, and by itself follows the device", "[sweep]") {
  CHECK_THROWS_WITH(parse_runs_as("fibers"), Catch::Contains("auto, processes or threads"));
  RunConfig config;
  CHECK_FALSE(is_thread(parse_runs_as("auto"), config));
  CHECK(is_thread(parse_runs_as("threads"), config));
  config.train.device = "cuda";
  CHECK(is_thread(parse_runs_as("auto"), config));
  CHECK_FALSE(is_thread(parse_runs_as("processes"), config));
}

TEST_CASE("a thread ends as the program would: its code, its complaint, its question whether to stop", "[sweep]") {
  const Scratch scratch;
  const std::string log = scratch.path() + "/log";
  const auto ended = [](Job& job) {
    std::optional<ExitCode> code;
    while (!(code = job.poll())) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return *code;
  };
  CHECK(ended(*start_thread([](const auto&) { return 1; }, log)) == 1);
  CHECK(ended(*start_thread([](const auto&) -> int { fail("no such thing"); }, log)) == 2);
  CHECK(ended(*start_thread([](const auto&) -> int { throw std::bad_alloc(); }, log)) == 2);
  CHECK(ended(*start_thread([](const auto&) -> int { throw std::logic_error("our own"); }, log)) == 3);
  CHECK(read_whole(log) ==
        "separatrix: no such thing\nseparatrix: the machine has not enough memory for what was asked; ask for smaller "
        "sizes\nseparatrix: unexpected: our own\n");
  const auto waits = start_thread(
      [](const std::atomic<bool>& stop) {
        while (!stop) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return 0;
      },
      log);
  CHECK_FALSE(waits->poll());
  waits->ask_to_stop();
  waits->wait(1);
  CHECK(waits->poll() == 0);
}
