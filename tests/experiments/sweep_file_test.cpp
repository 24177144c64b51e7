// Sweep files: grids expand to their product, samples are the same everywhere, what is wrong ends in one line.
#include "experiments/harness/sweep_file.h"

#include <set>

#include "experiments/harness/sweep.h"
#include "models/io/whole_file.h"
#include "scratch.h"
#include "tests/catch.h"

using namespace separatrix;
namespace fs = std::filesystem;

namespace {

const std::string run_tables = R"(
[run.task]
name = "recall"
difficulty = 4
[run.train]
steps = 7
)";

SweepFile parsed(const std::string& text) {
  return parse_sweep(text + run_tables, "some/recall.toml");
}

std::vector<std::string> names(const std::vector<PlannedRun>& runs) {
  std::vector<std::string> out;
  for (const PlannedRun& run : runs) out.push_back(run.name);
  return out;
}

}  // namespace

TEST_CASE("a grid is the product of its lists, the last one fastest, in the order of the file", "[sweep]") {
  const auto runs = plan(parsed(
      "[grid]\n\"train.schedule\" = [\"cosine\", \"constant\"]\n\"model.preset\" = [\"hybrid\"]\n\"train.lr\" = [0.001, 3e-4]"));
  CHECK(names(runs) == std::vector<std::string>{"cosine-hybrid-lr0.001", "cosine-hybrid-lr0.0003", "constant-hybrid-lr0.001",
                                                "constant-hybrid-lr0.0003"});
  CHECK(runs[3].config.train.lr == 3e-4);
  CHECK(runs[3].config.train.schedule == "constant");
  CHECK(runs[3].config.train.steps == 7);
}

TEST_CASE("nested tables name the same keys as quoted ones", "[sweep]") {
  const auto runs = plan(parsed("[grid.model]\npreset = [\"gdn\", \"hybrid\"]\n[grid.train]\nseed = [1, 2, 3]"));
  CHECK(runs.size() == 6);
  CHECK(runs[5].name == "hybrid-seed3");
}

TEST_CASE("a sample has its size, no run twice, is the same each time and depends on its seed", "[sweep]") {
  const std::string text =
      "sample = 10\n[each]\n\"model.preset\" = [\"gdn\", \"hybrid\"]\n[grid]\n\"train.lr\" = [1e-4, 3e-4, 1e-3]\n\"train.seed\" = "
      "[1, 2, 3, 4, 5, 6, 7, 8]";
  const auto runs = plan(parsed(text));
  CHECK(runs.size() == 20);
  const auto all = names(runs);
  CHECK(std::set<std::string>(all.begin(), all.end()).size() == 20);
  CHECK(names(plan(parsed(text))) == all);
  CHECK(names(plan(parsed("sample_seed = 2\n" + text))) != all);
  for (std::size_t i = 0; i < 10; ++i)
    CHECK(runs[i].name.substr(3) == runs[i + 10].name.substr(6));  // "gdn..." and "hybrid..." share the draw
}

TEST_CASE("every subset is drawn equally often", "[sweep]") {
  std::map<std::vector<std::size_t>, int> drawn;
  for (std::uint64_t seed = 0; seed < 6000; ++seed) ++drawn[draw_sample(4, 2, seed)];
  CHECK(drawn.size() == 6);
  for (const auto& [subset, count] : drawn)
    CHECK(std::abs(count - 1000) < 120);  // four standard deviations: 4 sqrt(6000 / 6 * 5 / 6)
  CHECK(draw_sample(3, 9, 1) == std::vector<std::size_t>{0, 1, 2});
}

TEST_CASE("what is wrong in a sweep ends in one line that names it", "[sweep]") {
  CHECK_THROWS_WITH(parsed("[gird]\nx = [1]"), Catch::Contains("unknown key 'gird' of a sweep; did you mean 'grid'"));
  CHECK_THROWS_WITH(parsed("[grid]\n\"train.lr\" = 3"), Catch::Contains("train.lr wants a list"));
  CHECK_THROWS_WITH(parsed("[grid]\n\"train.lr\" = []"), Catch::Contains("train.lr wants a list"));
  CHECK_THROWS_WITH(parsed("sample = 0"), Catch::Contains("at least 1"));
  CHECK_THROWS_WITH(parsed("[each]\n\"train.seed\" = [1]\n[grid.train]\nseed = [1]"),
                    Catch::Contains("train.seed is varied twice"));
  CHECK_THROWS_WITH(plan(parsed("sample = 5\n[grid]\n\"model.preset\" = [\"gdn\"]")), Catch::Contains("has 1 combinations"));
  CHECK_THROWS_WITH(parsed("base = \"x.toml\"").name, Catch::Contains("cannot"));
  CHECK_THROWS_WITH(parse_sweep("name = \"a\"", "a.toml"), Catch::Contains("give the runs' config"));
  CHECK_THROWS_WITH(plan(parsed("[grid]\n\"model.preset\" = [\"gdn\"]\n\"train.lrr\" = [1]")),
                    Catch::Contains("unknown key 'train.lrr'; did you mean 'train.lr'"));
  CHECK_THROWS_WITH(plan(parsed("[grid]\n\"model.preset\" = [\"gdn\", \"gdn\"]")), Catch::Contains("two runs would be called gdn"));
  CHECK_THROWS_WITH(plan(parsed("[grid]\n\"model.preset\" = [\"gdn\"]"), {"model.preset=hybrid"}),
                    Catch::Contains("varies model.preset"));
}

TEST_CASE("what is wrong in the runs' config is named by the line it stands on", "[sweep]") {
  const std::string grid = "[grid]\n\"model.preset\" = [\"gdn\"]\n";
  const auto refusal = [](const std::string& text, const std::string& path) {
    return error_of([&] { plan(parse_sweep(text, path)); });
  };
  // The values of tables are read back in another order.
  const std::string run = grid + "[run.task]\nname = \"recall\"\n\n[run.train]\nstpes = 7\n";
  CHECK_THAT(refusal(run, "some/recall.toml"), Catch::Contains("some/recall.toml:7: unknown key 'train.stpes'"));
  CHECK_THAT(refusal(grid + "[run.train]\nsteps = -7\n[run.task]\nname = \"recall\"\n", "some/recall.toml"),
             Catch::Contains("some/recall.toml:4: train.steps = -7"));
  const Scratch folder;
  write_whole(folder / "base.toml", "[task]\nname = \"recall\"\n[train]\nsteps = -7\n");
  CHECK_THAT(refusal("base = \"base.toml\"\n" + grid, folder / "sweep.toml"), Catch::Contains("base.toml:4: train.steps = -7"));
  // A value of the grid stands on no line of the config.
  const std::string bad =
      refusal("[grid]\n\"train.steps\" = [-1]\n[run.train]\nsteps = 7\n[run.task]\nname = \"recall\"\n", "s.toml");
  CHECK_THAT(bad, Catch::StartsWith("s.toml: train.steps = -1"));
}

TEST_CASE("a dry run shows every setting of every run", "[sweep]") {
  const auto json = dry_run(plan(parsed("[grid]\n\"model.preset\" = [\"gdn\", \"hybrid\"]"), {"train.batch=5"}));
  REQUIRE(json.at("runs").size() == 2);
  CHECK(json["runs"][1]["model.preset"] == "hybrid");
  CHECK(json["runs"][1]["train.batch"] == 5);
  CHECK(json["runs"][0]["task.name"] == "recall");
  CHECK(json["runs"][0]["train.schedule"] == "cosine");
}

TEST_CASE("the paper's sweeps are those of its Appendix C", "[sweep]") {
  const auto paper = [](const std::string& name) {
    return plan(load_sweep(fs::path(SOURCE_DIR) / "experiments" / "paper" / (name + ".toml")));
  };
  const auto tracking = paper("state_tracking"), recall = paper("recall"), both = paper("state_based_recall");
  CHECK(tracking.size() == 30);  // 10 sampled configurations of each of 3 models
  CHECK(recall.size() == 30);
  CHECK(both.size() == 120);  // 2 learning rates x 2 schedules x 10 seeds x 3 models
  CHECK(tracking[0].config.train.steps == 10000);
  CHECK(recall[0].config.train.steps == 50000);
  CHECK(recall[0].config.task.difficulty == 128);
  CHECK(both[0].config.train.steps == 200000);
  CHECK(tracking[0].config.curriculum.until == std::vector<std::int64_t>{500, 1500, 3500, 7500});
  CHECK(both[0].config.curriculum.budget == std::vector<std::int64_t>{10000, 30000});
  for (const auto& runs : {tracking, recall, both})
    for (const PlannedRun& run : runs) {
      CHECK(run.config.train.batch == 32);
      CHECK(run.config.train.warmup == 250);
      CHECK(run.config.model.options.width == 256);
    }
}
