// The verbs train, eval, logits and info as a user runs them.
#include "experiments/harness/checkpoint.h"
#include "experiments/harness/run_directory.h"
#include "models/io/safetensors.h"
#include "program.h"
#include "tasks/rng.h"
#include "tests/catch.h"

using namespace separatrix;
using Catch::Matchers::Contains;

namespace {

const std::string text = R"([task]
name = "recall"
numbers = 16
difficulty = 4
[model]
pattern = "GA"
width = 16
heads = 2
head_dim = 8
hidden = 16
init = "fan_in"
[train]
steps = 150
lr = 0.01
warmup = 5
batch = 4
threads = 1
checkpoint_every = 1
log_every = 4
precision = "fp32"
[curriculum]
check_every = 20
samples = 16
[evaluate]
samples = 32
select_samples = 16
)";

std::string write_config(const Scratch& folder) {
  write_whole(folder / "run.toml", text);
  return folder / "run.toml";
}

void check_one_line(const Outcome& outcome, const std::string& part) {
  CHECK(outcome.code == 2);
  CHECK_THAT(outcome.err, Contains(part));
  CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
}

}  // namespace

TEST_CASE("a run killed with -9 at random moments and resumed each time ends with the bits of an uninterrupted one") {
  const Scratch folder;
  const std::string config = write_config(folder), whole = folder / "whole", cut = folder / "cut";
  const auto began = std::chrono::steady_clock::now();
  REQUIRE(run_program({"train", config, "--out", whole, "--quiet"}).code == 0);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();

  Rng rng = draw(::getpid(), Purpose::test, 0, 0);
  INFO("process " << ::getpid());
  int killed = 0;
  for (int kill = 0; kill < 5; ++kill) {
    const Outcome outcome =
        run_program({"train", config, "--out", cut, "--quiet", "--resume"}, seconds * 0.3 * (rng.below(1000) + 1) / 1000);
    CHECK((outcome.code == -SIGKILL || outcome.code == 0));
    killed += outcome.code == -SIGKILL;
    if (outcome.code == -SIGKILL) CHECK((run_status(cut) == "cut" || run_status(cut) == ""));
  }
  CHECK(killed > 0);
  REQUIRE(run_program({"train", "--out", cut, "--quiet", "--resume", config}).code == 0);
  CHECK(read_whole(cut + "/model.safetensors") == read_whole(whole + "/model.safetensors"));
  CHECK(timeless_metrics(cut + "/metrics.jsonl") == timeless_metrics(whole + "/metrics.jsonl"));
  CHECK(read_json(cut + "/run.json")["evaluations"] == read_json(whole + "/run.json")["evaluations"]);
  for (const char* key : {"first_moment", "second_moment"})
    CHECK(read_safetensors(cut + "/training.safetensors").at(key).bytes ==
          read_safetensors(whole + "/training.safetensors").at(key).bytes);
}

TEST_CASE("wrong input is one line and exit code 2") {
  const Scratch folder;
  const std::string config = write_config(folder), out = folder / "run";
  check_one_line(run_program({"train", config, "--out", out, "--set", "train.lrr=1"}),
                 "unknown key 'train.lrr'; did you mean 'train.lr'?");
  check_one_line(run_program({"train", config, "--out", out, "--set", "task.difficulty=0"}), "task.difficulty = 0");
  check_one_line(run_program({"train", config}), "--out");
  check_one_line(run_program({"train", folder / "none.toml", "--out", out}), "none.toml");
  check_one_line(run_program({"train", config, "--out", "/proc/none/run"}), "cannot make the folder");
  CHECK_FALSE(std::filesystem::exists(out));

  REQUIRE(run_program({"train", config, "--out", out, "--quiet", "--set", "train.steps=3"}).code == 0);
  check_one_line(run_program({"train", config, "--out", out, "--set", "train.steps=3"}), "holds a run already (done)");
  check_one_line(run_program({"eval", out, "--difficulty", "100000"}), "--difficulty 100000");
  check_one_line(run_program({"eval", out, "--difficulty", "4", "--task", "recal"}), "recall");
  check_one_line(run_program({"eval", out, "--difficulty", "4", "--task", "state_tracking"}), "tokens of recall");
  check_one_line(run_program({"eval", out, "--difficulty", "4", "--numbers", "flaot"}), "did you mean 'float'?");
  check_one_line(run_program({"eval", folder / "nowhere", "--difficulty", "4"}), "nowhere");
  CHECK(run_program({"eval", out}).code == 2);

  // A truncated checkpoint, then one of another model: the run is refused and its files stay.
  const std::string checkpoint = out + "/training.safetensors", bytes = read_whole(checkpoint);
  auto record = read_json(out + "/run.json");
  record["status"] = "running";
  write_whole(out + "/run.json", record.dump());
  write_whole(checkpoint, bytes.substr(0, bytes.size() / 2));
  check_one_line(run_program({"train", "--out", out, "--resume", "--quiet"}), "training.safetensors");
  CHECK(read_whole(checkpoint) == bytes.substr(0, bytes.size() / 2));
  const std::string other = folder / "other";
  REQUIRE(run_program({"train", config, "--out", other, "--quiet", "--set", "train.steps=3", "--set", "model.pattern=A"}).code ==
          0);
  write_whole(checkpoint, read_whole(other + "/training.safetensors"));
  check_one_line(run_program({"train", "--out", out, "--resume", "--quiet"}), "a checkpoint of another model");
  CHECK(read_whole(checkpoint) == read_whole(other + "/training.safetensors"));
}

TEST_CASE("eval and logits agree with the run's own record and with each other") {
  const Scratch folder;
  const std::string config = write_config(folder), out = folder / "run";
  REQUIRE(run_program({"train", config, "--out", out, "--quiet", "--set", "train.checkpoint_every=0"}).code == 0);
  const Outcome eval = run_program({"eval", out, "--difficulty", "4", "--samples", "32", "--json"});
  REQUIRE(eval.code == 0);
  const auto tally = nlohmann::json::parse(eval.out)["evaluations"][0];
  CHECK(tally == read_json(out + "/run.json")["evaluations"][1]);  // report stream, seed 1
  CHECK(run_program({"eval", out, "--difficulty", "4,8", "--device", "reference"}).code == 0);

  write_whole(folder / "tokens.txt", "1 2 3\n[4, 5]\n{\"tokens\": [0, 1, 2, 3]}\n");
  REQUIRE(run_program({"logits", out, "--tokens", folder / "tokens.txt", "--out", folder / "l.safetensors"}).code == 0);
  REQUIRE(
      run_program({"logits", out, "--tokens", folder / "tokens.txt", "--out", folder / "r.safetensors", "--device", "reference"})
          .code == 0);
  const Safetensors fast = read_safetensors(folder / "l.safetensors"), plain = read_safetensors(folder / "r.safetensors");
  for (const char* name : {"logits.0", "logits.1", "logits.2"}) {
    const auto a = fast.at(name).values<float>(), b = plain.at(name).values<float>();
    CHECK(fast.at(name).shape[1] == load_model(out).spec.vocab);
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::abs(a[i] - b[i]) < 1e-3);
  }
  write_whole(folder / "tokens.txt", "1 2 999\n");
  check_one_line(run_program({"logits", out, "--tokens", folder / "tokens.txt", "--out", folder / "l.safetensors"}), "token 999");
}

TEST_CASE("a terminated run ends with a checkpoint, and info names the machine") {
  const Scratch folder;
  const Outcome cut = run_program({"train", write_config(folder), "--out", folder / "run", "--max-seconds", "0.0001"});
  CHECK(cut.code == 0);
  CHECK_THAT(cut.out, Contains("cut after 1 steps"));
  CHECK(load_model(folder / "run").origin.step == 1);
  const Outcome info = run_program({"info", "--json"});
  CHECK(info.code == 0);
  for (const char* key : {"commit", "machine", "threads", "isa", "precision_auto", "devices"})
    CHECK(nlohmann::json::parse(info.out).contains(key));
}
