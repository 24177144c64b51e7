#include "experiments/harness/config.h"

#include <set>

#include "scratch.h"
#include "tests/catch.h"

using namespace separatrix;
using Catch::Matchers::Contains;

namespace {

const std::string good = R"([task]
name = "recall"
difficulty = 8
[model]
preset = "hybrid"
[train]
lr = 1e-3
)";

std::string complaint(const std::string& text, const std::vector<std::string>& sets = {}) {
  return error_of([&] { check_config(parse_config(text, "run.toml", sets)); });
}

}  // namespace

TEST_CASE("a config fills in every default and comes back the same after it was written") {
  const RunConfig config = parse_config(good, "run.toml", {"train.steps=77", "task.numbers=64", "evaluate.task.query=index"});
  CHECK(config.train.lr == 1e-3);
  CHECK(config.train.steps == 77);
  CHECK(config.train.beta2 == 0.999);
  CHECK(config.model.options.pattern == "GGGA");
  CHECK(config.task.options.at("numbers") == "64");
  const RunConfig again = parse_config(to_toml(config), "written");
  CHECK(to_toml(again) == to_toml(config));
  CHECK(again.evaluate.task == config.evaluate.task);
}

TEST_CASE("every key has a default, a range and a meaning, and each once") {
  std::set<std::string> names;
  for (const ConfigKey& key : config_keys()) {
    CHECK(names.insert(key.name).second);
    CHECK_FALSE(key.value.empty());
    CHECK_FALSE(key.meaning.empty());
  }
  for (const char* name : {"task.name", "model.preset", "model.pattern", "train.steps", "train.lr", "train.schedule", "train.batch",
                           "train.seed", "train.checkpoint_every", "train.precision"})
    CHECK(names.count(name) == 1);
}

TEST_CASE("a bad config is one line that names the place, the key and what was wanted") {
  CHECK_THAT(complaint(good + "lrr = 1\n"), Contains("run.toml:8: unknown key 'train.lrr'; did you mean 'train.lr'?"));
  CHECK_THAT(complaint(good + "steps = \"many\"\n"), Contains("run.toml:8: train.steps = 'many' must be an integer, at least 0"));
  CHECK_THAT(complaint(good + "steps = 1.5\n"), Contains("train.steps = 1.5 must be an integer"));
  CHECK_THAT(complaint(good + "batch = 0\n"), Contains("train.batch = 0 must be an integer, at least 1"));
  CHECK_THAT(complaint(good + "batch = 4294967296\n"), Contains("train.batch"));
  CHECK_THAT(complaint(good + "schedule = \"cosin\"\n"), Contains("must be cosine | constant"));
  CHECK_THAT(complaint(good + "eps = 0\n"), Contains("train.eps = 0 must be a number, above 0"));
  CHECK_THAT(complaint(good + "lr = 2\n"), Contains("run.toml:8: not valid TOML"));
  CHECK_THAT(complaint(good, {"train.lrr=1"}), Contains("unknown key 'train.lrr'"));
  CHECK_THAT(complaint(good, {"train.lr"}), Contains("key=value"));
  CHECK_THAT(complaint(good, {"train.lr=1\ntrain.steps=2"}), Contains("on one line"));
  CHECK_THAT(complaint(good, {"train.lr.x=1"}), Contains("not a section"));
  CHECK_THAT(complaint(good, {"task.numberz=3"}), Contains("numbers"));
  CHECK_THAT(complaint(good, {"task.name=recal"}), Contains("recall"));
  CHECK_THAT(complaint("[model]\npreset=\"gdn\"\n"), Contains("task.name is missing"));
  CHECK_THAT(complaint(good, {"task.difficulty=100000"}), Contains("task.difficulty = 100000: the difficulty of recall"));
  CHECK_THAT(complaint(good, {"evaluate.difficulties=[100000]"}), Contains("evaluate.difficulties = 100000"));
  CHECK_THAT(complaint(good, {"evaluate.task.tokens=char"}), Contains("changes the vocabulary"));
  for (const std::string& message : {complaint(good + "lrr = 1\n"), complaint("x = [\n")})
    CHECK(message.find('\n') == std::string::npos);
  CHECK(complaint(good).empty());
}

TEST_CASE("preset and pattern name the same thing: the later one counts, and in one file they must agree") {
  CHECK(parse_config(good, "run.toml", {"model.pattern=AGA"}).model.options.pattern == "AGA");
  CHECK(model_name(parse_config(good, "run.toml", {"model.pattern=AGA"})) == "AGA");
  CHECK(parse_config(good, "run.toml", {"model.pattern=AGA", "model.preset=gdn"}).model.options.pattern == "GGGG");
  CHECK_THAT(complaint("[model]\npreset = \"gdn\"\npattern = \"AG\"\n"), Contains("contradicts"));
  CHECK_THAT(complaint("[task]\nname = \"recall\"\n"), Contains("give model.preset"));
  CHECK(model_kind("AAA") == "transformer");
  CHECK(model_kind("GG") == "gdn");
  CHECK(model_kind("AGA") == "hybrid");
  CHECK(model_kind("AXA") == "AXA");  // a mixer that none of the three kinds has
}

TEST_CASE("learned positions that do not hold an example of some level are refused before anything is trained") {
  const std::vector<std::string> learned = {"model.position=learned", "model.max_positions=40", "evaluate.difficulties=[2]"};
  CHECK(complaint(good, learned) == "");
  CHECK_THAT(complaint(good, {learned[0], learned[1], "evaluate.difficulties=[32]"}),
             Contains("model.max_positions = 40 is too few for recall at difficulty 32") && Contains("give more"));
  CHECK_THAT(complaint(good, {learned[0], "model.max_positions=20", learned[2]}), Contains("difficulty 8: example 0 has"));
}

TEST_CASE("a curriculum that contradicts itself is refused") {
  const std::vector<std::string> no_difficulty = {"task.difficulty=-1"};
  CHECK_THAT(complaint(good, no_difficulty), Contains("give task.difficulty, or a curriculum"));
  const std::string base = "[task]\nname = \"recall\"\n[model]\npreset = \"gdn\"\n[curriculum]\nkind = \"milestones\"\n";
  CHECK_THAT(complaint(base), Contains("needs curriculum.levels"));
  CHECK_THAT(complaint(base + "levels = [4, 8, 16]\nuntil = [5]\n"), Contains("1 steps for 3 levels"));
  CHECK_THAT(complaint(base + "levels = [4, 8, 16]\nuntil = [5, 5]\n"), Contains("must rise"));
  CHECK(complaint(base + "levels = [4, 8, 16]\nuntil = [5, 6]\n").empty());
  CHECK_THAT(complaint(good, {"curriculum.kind=threshold", "curriculum.levels=[4]"}), Contains("contradicts"));
  CHECK_THAT(complaint(good, {"curriculum.levels=[4]"}), Contains("give the kind"));
  CHECK(evaluation_difficulties(parse_config(base + "levels = [4, 8]\nuntil = [5]\n", "x")) == std::vector<int>{4, 8});
  CHECK(evaluation_difficulties(parse_config(good, "x")) == std::vector<int>{8});
}

TEST_CASE("a config with a task's defaults written out describes the same task") {
  for (const std::string& name : task_names()) {
    RunConfig config = parse_config(good, "run.toml", {"task.name=" + name});
    const auto task = training_task(config);
    for (const TaskOption& option : task->options()) config.task.options[option.name] = option.value;
    const auto again = training_task(parse_config(to_toml(config), "written"));
    const int n = std::max(4, task->min_difficulty());
    CHECK(again->vocabulary() == task->vocabulary());
    for (std::uint64_t i = 0; i < 20; ++i)
      CHECK(again->sample(1, Purpose::test, n, i).tokens == task->sample(1, Purpose::test, n, i).tokens);
  }
}
