// The program itself: a sweep that trains, then a report of it.
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiments/harness/process.h"
#include "experiments/report/row.h"
#include "models/io/whole_file.h"
#include "tests/catch.h"
#include "tests/experiments/scratch.h"
#include "tests/experiments/tiny_sweep.h"

using namespace separatrix;
namespace fs = std::filesystem;

namespace {

const std::string tiny = tiny_sweep(R"(["A", "G"])", 3, "difficulties = [2, 4]\nsamples = 32\nselect_samples = 16");

}  // namespace

TEST_CASE("the program sweeps, skips what is finished and reports", "[sweep]") {
  const Scratch scratch;
  const fs::path directory = scratch.path();
  const std::string file = (directory / "tiny.toml").string(), out = (directory / "out").string();
  write_whole(file, tiny);

  const Finished shown = run_and_read({PROGRAM, "sweep", file, "--dry-run", "--json"});
  CHECK(nlohmann::json::parse(shown.output)["runs"][1]["model.pattern"] == "G");

  const Command sweep = {PROGRAM, "sweep", file, "--out", out, "--json"};
  const auto first = nlohmann::json::parse(run_and_read(sweep).output), second = nlohmann::json::parse(run_and_read(sweep).output);
  CHECK(first["done"] == 2);
  CHECK(first["skipped"] == 0);
  CHECK(second["skipped"] == 2);
  const auto rows = rows_from_csv(read_whole(out + "/results.csv"), "results.csv");
  REQUIRE(rows.size() == 8);  // two runs, two streams, two difficulties
  for (const Row& row : rows) {
    CHECK(row.counted == (row.stream == "select" ? 16 : 32));
    CHECK(row.floor_correct * 2 >= row.floor_counted);
    CHECK(row.kind == (row.pattern == "A" ? "transformer" : "gdn"));
  }

  const Finished report = run_and_read({PROGRAM, "report", out, "--out", (directory / "report").string()});
  CHECK(report.exit_code == 0);
  CHECK(read_whole((directory / "report" / "index.html").string()).find("settings that differ from the paper") !=
        std::string::npos);
  CHECK(read_whole((directory / "report" / "settings_tiny.md").string()).find("| train.steps | 50000 | 3 |") != std::string::npos);

  const Finished changed = run_and_read({PROGRAM, "sweep", file, "--out", out, "--set", "train.batch=5"});
  CHECK(changed.exit_code == 2);
  CHECK(changed.error.find("has train.batch = 4, not 5") != std::string::npos);
}

TEST_CASE("wrong requests of sweeps and reproduction end in one line and exit code 2", "[sweep]") {
  const std::string paper = std::string(SOURCE_DIR) + "/experiments/paper/recall.toml";
  for (const Command& wrong : {Command{"sweep", "/nonexistent.toml", "--dry-run"}, Command{"sweep", paper},
                               Command{"sweep", paper, "--dry-run", "--set", "train.stepz=1"},
                               Command{"reproduce", "--scale", "papr"}, Command{"report", "/nonexistent"}}) {
    Command command = {PROGRAM};
    command.insert(command.end(), wrong.begin(), wrong.end());
    const Finished said = run_and_read(command);
    CHECK(said.exit_code == 2);
    CHECK(std::count(said.error.begin(), said.error.end(), '\n') == 1);
  }
}
