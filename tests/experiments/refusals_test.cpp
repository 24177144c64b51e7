// Requests that would lose something, or that the machine cannot meet: one line, exit code 2, and all that was there stays.
#include <sys/stat.h>

#include <fstream>

#include "refused.h"

using namespace separatrix;
using Catch::Contains;

namespace {

const std::string config = R"(
[task]
name = "state_tracking"
difficulty = 2
[model]
pattern = "G"
width = 16
heads = 1
head_dim = 16
hidden = 16
[train]
steps = 4
batch = 4
[evaluate]
samples = 8
select_samples = 8
)";

}  // namespace

TEST_CASE("an unknown verb, and an unknown word behind a verb that wants one, are answered with the nearest") {
  check_refused({"trian"}, "unknown verb 'trian'; did you mean 'train'?");
  check_refused({"bench", "stp"}, "unknown verb 'stp'; did you mean 'step'?");
}

TEST_CASE("a run, a built and an imported checkpoint are not written over by another") {
  const Scratch folder;
  write_whole(folder / "run.toml", config);
  REQUIRE(run_program({"train", folder / "run.toml", "--quiet", "--out", folder / "run"}).code == 0);
  REQUIRE(run_program({"construct", "parity_by_sign_flip", "--out", folder / "built"}).code == 0);
  const std::string weights = read_whole(folder / "run/model.safetensors"), built = read_whole(folder / "built/model.safetensors");
  check_refused({"construct", "parity_by_sign_flip", "--out", folder / "run"}, "holds a run.json already");
  check_refused({"construct", "parity_by_sign_flip", "--out", folder / "built"}, "holds a model.safetensors already");
  check_refused({"train", folder / "run.toml", "--out", folder / "built"}, "holds a checkpoint that is not a run's");
  std::filesystem::remove(folder / "run/training.safetensors");
  REQUIRE_FALSE(std::filesystem::exists(folder / "run/training.safetensors"));
  write_whole(folder / "run/run.json", [&] {
    auto record = read_json(folder / "run/run.json");
    record["status"] = "cut";
    return record.dump();
  }());
  check_refused({"train", folder / "run.toml", "--resume", "--out", folder / "run"}, "training.safetensors is missing");
  CHECK(read_whole(folder / "run/model.safetensors") == weights);
  CHECK(read_whole(folder / "built/model.safetensors") == built);
}

TEST_CASE("outputs replace no pipe, no input and no other output; a link keeps its place") {
  const Scratch folder;
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  check_refused({"tasks", "sample", "recall", "--difficulty", "4", "--out", folder / "pipe"}, "not a regular file");
  CHECK(std::filesystem::is_fifo(folder / "pipe"));
  write_whole(folder / "real", "before");
  std::filesystem::create_symlink(folder / "real", folder / "link");
  REQUIRE(run_program({"tasks", "sample", "recall", "--difficulty", "4", "--out", folder / "link"}).code == 0);
  CHECK(std::filesystem::is_symlink(folder / "link"));
  CHECK(read_whole(folder / "real") != "before");
  write_whole(folder / "run.toml", config);
  REQUIRE(run_program({"train", folder / "run.toml", "--quiet", "--out", folder / "run"}).code == 0);
  write_whole(folder / "tokens", "0 1 2\n");
  check_refused({"logits", folder / "run", "--tokens", folder / "tokens", "--out", folder / "tokens"}, "named twice");
  check_refused({"logits", folder / "run", "--tokens", folder / "tokens", "--out", folder / "x", "--gradients", folder / "x"},
                "named twice");
  const std::string weights = read_whole(folder / "run/model.safetensors");
  check_refused({"logits", folder / "run", "--tokens", folder / "tokens", "--out", folder / "run/../run/model.safetensors"},
                "is the checkpoint which is read");
  CHECK(read_whole(folder / "run/model.safetensors") == weights);
  check_refused({"bench", "step", folder / "run.toml", "--steps", "1", "--csv", folder / "run.toml"}, "no file of such rows");
  CHECK(read_whole(folder / "tokens") == "0 1 2\n");
  CHECK(read_whole(folder / "run.toml") == config);
}

TEST_CASE("what no machine can do is refused at once") {
  const Scratch folder;
  write_whole(folder / "run.toml", config);
  check_refused({"train", folder / "run.toml", "--out", folder / "a", "--set", "model.width=2000000000"}, "choose a smaller one");
  check_refused({"train", folder / "run.toml", "--out", folder / "a", "--set", "evaluate.difficulties=[1048576]", "--set",
                 "model.width=1000000"},
                "evaluate.difficulties = 1048576: one example takes more than");
  check_refused({"train", folder / "run.toml", "--out", folder / "b", "--set", "train.batch=2000000000"}, "choose fewer");
  check_refused({"train", folder / "run.toml", "--out", folder / "c", "--threads", "100000"}, "at most 1024");
  check_refused({"train", folder / "run.toml", "--out", folder / "d", "--max-seconds", "nan"}, "--max-seconds nan");
  check_refused({"verify", "lazy_walk", "--threads", "-1"}, "threads = -1");
  check_refused({"bench", "gdn", "--length", "-1"}, "--length -1");
  check_refused({"bench", "gdn", "--batch", "2000000000", "--length", "2000000000"}, "smaller sizes");
  check_refused({"train", folder.path(), "--out", folder / "e"}, "it is a folder");
  check_refused({"verfy", "all"}, "did you mean 'verify'?");
  check_refused({"verify", "swaps"}, "did you mean 'swaps_");  // what it begins
  check_refused({"construct", "swaps_by_delta_rule", "--n", "0"}, "--n: 0: wanted a number above 0 (see --help)");
  check_refused({"tasks", "sample", "recall", "--difficulty", "010"}, "does not begin with 0");
  check_refused({"tasks", "sample", "recall", "--difficulty", "0x4"}, "wanted a decimal number");
  check_refused({"tasks", "sample", "recall", "--difficulty", ""}, "a number is missing");
  check_refused({"eval", folder / "run.toml", "--difficulty", "4", "--seed", "-1"}, "--seed: -1: wanted 0 or more");
  check_refused({"sweep", folder / "run.toml", "--jobs", "-1"}, "--jobs: -1: wanted 0 or more");
  check_refused({"train", folder / "run.toml", "--out", folder / "f", "--set", "model.conv=17"}, "model.conv = 17");
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) CHECK_FALSE(std::filesystem::exists(folder / name));
}

TEST_CASE("verify does not call failed what it cannot check") {
  const Scratch folder;
  write_whole(folder / "run.toml", config);
  REQUIRE(run_program({"train", folder / "run.toml", "--quiet", "--out", folder / "run"}).code == 0);
  check_refused({"verify", "swaps_all_lengths", "--checkpoint", folder / "run"}, "cannot be checked exactly on this model");
  REQUIRE(run_program({"construct", "parity_by_sign_flip", "--out", folder / "built"}).code == 0);
  check_refused({"verify", "swaps_all_lengths", "--checkpoint", folder / "built"}, "is about models for state_tracking");
}

TEST_CASE("a sweep judges at a difficulty that it measures, keeps the runs of others, and has a name for files") {
  const Scratch folder;
  const auto sweep = [&](const std::string& head, const std::string& seeds) {
    std::string run = config;
    for (std::size_t at = 0; (at = run.find("\n[", at)) != std::string::npos; at += 6) run.insert(at + 2, "run.");
    write_whole(folder / "sweep.toml", head + "\n[grid]\n\"train.seed\" = " + seeds + "\n" + run);
  };
  const auto arguments = [&] { return std::vector<std::string>{"sweep", folder / "sweep.toml", "--out", folder / "out"}; };
  sweep("hardest = 3", "[1]");
  check_refused(arguments(), "hardest = 3 is not among the difficulties evaluated, 2");
  sweep("name = \"a/b\"", "[1]");
  check_refused(arguments(), "files are called by it");
  sweep("hardest = 2", "[1]");
  REQUIRE(run_program(arguments()).code == 0);
  const std::string rows = read_whole(folder / "out/results.csv");
  CHECK_THAT(rows, Contains(",hardest,isa\n"));
  sweep("hardest = 2", "[2]");
  check_refused(arguments(), "holds the run seed1");
  CHECK(read_whole(folder / "out/results.csv") == rows);
}

TEST_CASE("eval refuses weights that are not finite and a difficulty that is not there") {
  const Scratch folder;
  write_whole(folder / "run.toml", config);
  REQUIRE(run_program({"train", folder / "run.toml", "--quiet", "--out", folder / "run"}).code == 0);
  const std::string path = folder / "run/model.safetensors", weights = read_whole(path);
  check_refused({"eval", path, "--difficulty", ""}, "a number is missing");
  REQUIRE(run_program({"eval", path, "--difficulty", "2", "--samples", "4"}).code == 0);
  write_whole(path, weights.substr(0, weights.size() - 4) + std::string("\0\0\xc0\x7f", 4));
  check_refused({"eval", path, "--difficulty", "2", "--samples", "4"}, "holds nan, wanted finite numbers");
  write_whole(folder / "tokens", "0 1 2\n");
  check_refused({"generate", path, "--prompt-file", folder / "tokens", "--tokens", "1"}, "holds nan, wanted finite numbers");
  check_refused({"logits", path, "--tokens", folder / "tokens", "--out", folder / "x"}, "holds nan, wanted finite numbers");
  check_refused({"export", path, "--format", "fla", "--out", folder / "y"}, "holds nan, wanted finite numbers");
}
