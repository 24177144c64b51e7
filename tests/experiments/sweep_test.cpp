// Sweeps of runs that only pretend to train (fake_trainer.py): skipping, resuming, failing, stopping.
#include "experiments/harness/sweep.h"

#include <fstream>

#include "experiments/harness/slurm.h"
#include "experiments/report/collect.h"
#include "models/io/whole_file.h"
#include "tests/catch.h"
#include "tests/experiments/scratch.h"

using namespace separatrix;
namespace fs = std::filesystem;

namespace {

/// A sweep over `axes` in a fresh directory, trained by fake_trainer.py.
struct Pretended {
  explicit Pretended(const std::string& axes, int steps = 3) : directory(fs::path(scratch.path()) / "sweep") {
    set_steps(axes, steps);
    options.trainer = {"python3", std::string(SOURCE_DIR) + "/tests/experiments/fake_trainer.py"};
    options.quiet = true;
    options.jobs = 2;
  }
  void set_steps(const std::string& axes, int steps) {
    sweep = parse_sweep(fmt::format("[grid]\n{}\n[run.task]\nname = \"recall\"\ndifficulty = 4\n[run.model]\npreset = "
                                    "\"hybrid\"\n[run.train]\nsteps = {}\nlr = 1\nseed = 1\n",
                                    axes, steps),
                        "recall.toml");
    runs = plan(sweep);
  }
  SweepResult go() { return run_sweep(sweep, runs, directory, options); }
  std::vector<std::string> starts() const {
    std::vector<std::string> lines;
    std::ifstream in(directory / "starts.txt");
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }
  nlohmann::ordered_json run_json(const std::string& run) const {
    return nlohmann::ordered_json::parse(read_whole((directory / run / "run.json").string()));
  }

  Scratch scratch;
  fs::path directory;
  SweepFile sweep;
  std::vector<PlannedRun> runs;
  SweepOptions options;
};

}  // namespace

TEST_CASE("a sweep runs every combination once and writes its counts", "[sweep]") {
  Pretended sweep("\"train.seed\" = [1, 2, 3]");
  const SweepResult result = sweep.go();
  CHECK(result.done == 3);
  CHECK(result.skipped == 0);
  const auto rows = rows_from_csv(read_whole((sweep.directory / "results.csv").string()), "results.csv");
  REQUIRE(rows.size() == 6);
  CHECK(rows[5].correct == 93);
  CHECK(rows[5].floor_correct == 60);
  const auto description = nlohmann::json::parse(read_whole((sweep.directory / "sweep.json").string()));
  CHECK(description["runs"].size() == 3);
  CHECK(description["runs"][2]["settings"]["train.seed"] == 3);
  CHECK(description["runs"][2]["status"] == "done");
}

TEST_CASE("a finished sweep starts nothing again, a longer grid only what is new", "[sweep]") {
  Pretended sweep("\"train.seed\" = [1, 2]");
  sweep.go();
  CHECK(sweep.go().skipped == 2);
  CHECK(sweep.starts().size() == 2);
  sweep.set_steps("\"train.seed\" = [1, 2, 3]", 3);
  CHECK(sweep.go().done == 3);
  CHECK(sweep.starts().back() == "seed3");
  CHECK(sweep.starts().size() == 3);
}

TEST_CASE("a run that diverges or crashes is recorded and the others go on", "[sweep]") {
  Pretended sweep("\"train.lr\" = [8, 9, 1]");
  const SweepResult result = sweep.go();
  CHECK(result.done == 1);
  CHECK(result.diverged == 1);
  CHECK(result.crashed == 1);
  const auto description = nlohmann::json::parse(read_whole((sweep.directory / "sweep.json").string()));
  CHECK(description["runs"][0]["why"] == "exit code 1: bad luck at step 0");
  std::map<std::string, int> rows;
  for (const Row& row : rows_from_csv(read_whole((sweep.directory / "results.csv").string()), "results.csv"))
    ++rows[row.status + "/" + row.stream];
  CHECK(rows == std::map<std::string, int>{{"crashed/none", 1}, {"diverged/none", 1}, {"done/select", 1}, {"done/report", 1}});
  // What crashed is tried again; what diverged is finished.
  sweep.go();
  CHECK(sweep.starts().size() == 4);
}

TEST_CASE("a sweep that is stopped cuts its runs and goes on where they were", "[sweep]") {
  Pretended sweep("\"train.seed\" = [1, 2, 3]", 20);
  fs::create_directories(sweep.directory);
  const std::string hold = (sweep.directory / "hold").string();
  write_whole(hold, "");
  const auto reached = [&](const std::string& run) {
    return fs::exists(sweep.directory / run / "run.json") ? sweep.run_json(run)["steps"].get<int>() : 0;
  };
  sweep.options.stop = [&] { return reached("seed1") == 10 && reached("seed2") == 10; };
  const SweepResult stopped = sweep.go();
  CHECK(stopped.stopped);
  CHECK(stopped.done == 0);
  CHECK(sweep.starts().size() == 2);
  CHECK(sweep.run_json("seed1")["status"] == "cut");
  fs::remove(hold);
  sweep.options.stop = nullptr;
  CHECK(sweep.go().done == 3);
  CHECK(sweep.starts().size() == 5);
  CHECK(sweep.run_json("seed1")["resumed_at"] == 10);
  CHECK(sweep.run_json("seed3")["resumed_at"] == 0);
}

TEST_CASE("a finished run with other settings is not taken for this sweep's", "[sweep]") {
  Pretended sweep("\"train.seed\" = [1]");
  sweep.go();
  sweep.set_steps("\"train.seed\" = [1]", 4);
  CHECK_THROWS_WITH(sweep.go(), Catch::Contains("has train.steps = 3, not 4"));
}

TEST_CASE("two sweeps do not work in one directory", "[sweep]") {
  Pretended sweep("\"train.seed\" = [1]", 30);
  sweep.options.stop = [&] {
    SweepOptions other = sweep.options;
    other.stop = nullptr;
    CHECK_THROWS_WITH(run_sweep(sweep.sweep, sweep.runs, sweep.directory, other), Catch::Contains("another sweep is at work"));
    return true;
  };
  sweep.go();
}

TEST_CASE("the Slurm script is valid bash with one case per run that is left", "[sweep]") {
  Pretended sweep("\"train.seed\" = [1, 2, 3]");
  const std::string script = slurm_script(sweep.sweep, sweep.runs, sweep.directory, 7);
  CHECK(script.find("#SBATCH --array=0-2%7\n") != std::string::npos);
  CHECK(script.find("--set 'train.seed=3' ;;") != std::string::npos);
  CHECK(run_and_read({"bash", "-n", "-c", script}).exit_code == 0);
}

TEST_CASE("a child's output, exit code and absence are seen", "[sweep]") {
  const Finished shell = run_and_read({"bash", "-c", "echo out; echo err >&2; exit 3"}, "/tmp");
  CHECK(shell.output == "out\n");
  CHECK(shell.error == "err\n");
  CHECK(shell.exit_code == 3);
  CHECK(run_and_read({"bash", "-c", "kill -9 $$"}).exit_code == 137);
  CHECK(run_and_read({"no-such-program-here"}).exit_code == 127);
  CHECK(run_and_read({"bash", "-c", "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2"}).error.size() == 300000);
}
