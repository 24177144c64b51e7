#include "experiments/harness/run.h"

#include <sys/resource.h>

#include <csignal>
#include <limits>

#include "bigram_executor.h"
#include "experiments/harness/checkpoint.h"
#include "experiments/harness/run_directory.h"
#include "scratch.h"
#include "tests/catch.h"

using namespace separatrix;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

const std::string text = R"([task]
name = "recall"
numbers = 16
[model]
pattern = "A"
width = 8
heads = 1
head_dim = 4
hidden = 8
init = "fan_in"
[train]
steps = 60
lr = 0.02
warmup = 5
batch = 4
threads = 1
checkpoint_every = 7
log_every = 3
[curriculum]
kind = "threshold"
levels = [2, 4, 8]
budget = [20]
check_every = 10
samples = 20
mix = 0.25
[evaluate]
difficulties = [4, 12]
samples = 40
select_samples = 20
)";

RunConfig config(const std::vector<std::string>& sets = {}) {
  return parse_config(text, "run.toml", sets);
}

/// Options on the bigram model, cut after `steps` steps (-1: never).
RunOptions options(int steps = -1, bool resume = false) {
  RunOptions o;
  o.quiet = true;
  o.resume = resume;
  if (steps >= 0) o.stop = [left = steps]() mutable { return --left <= 0; };
  o.executor = [](const Spec&, Device, Precision) { return std::make_unique<BigramExecutor>(); };
  return o;
}

/// Learns as usual until step `at`, then returns `bad` as its loss.
class FailingExecutor final : public Executor {
 public:
  FailingExecutor(int at, double bad) : at_(at), bad_(bad) {}
  double loss_and_gradient(const Weights<float>& w, const Batch& batch, Weights<float>& gradient) override {
    const double loss = inner_.loss_and_gradient(w, batch, gradient);
    return ++step_ < at_ ? loss : bad_;
  }
  std::vector<std::int32_t> predict(const Weights<float>& w, const Batch& b) override { return inner_.predict(w, b); }
  Matrix<float> logits(const Weights<float>& w, const Batch& b) override { return inner_.logits(w, b); }
  std::vector<Matrix<float>> layers(const Weights<float>& w, const Batch& b) override { return inner_.layers(w, b); }

 private:
  BigramExecutor inner_;
  int at_, step_ = 0;
  double bad_;
};

/// Writes down the tokens it is trained on.
class ListeningExecutor final : public Executor {
 public:
  explicit ListeningExecutor(std::vector<std::int32_t>& heard) : heard_(heard) {}
  double loss_and_gradient(const Weights<float>& w, const Batch& batch, Weights<float>& gradient) override {
    heard_.insert(heard_.end(), batch.tokens.begin(), batch.tokens.end());
    return inner_.loss_and_gradient(w, batch, gradient);
  }
  std::vector<std::int32_t> predict(const Weights<float>& w, const Batch& b) override { return inner_.predict(w, b); }
  Matrix<float> logits(const Weights<float>& w, const Batch& b) override { return inner_.logits(w, b); }
  std::vector<Matrix<float>> layers(const Weights<float>& w, const Batch& b) override { return inner_.layers(w, b); }

 private:
  BigramExecutor inner_;
  std::vector<std::int32_t>& heard_;
};

}  // namespace

TEST_CASE("a run leaves its complete config, its record, its metrics and its checkpoints") {
  const Scratch folder;
  const std::string out = folder / "deep/run";
  const RunResult result = train_run(config(), out, options());
  CHECK(result.status == "done");
  CHECK(result.steps == 60);
  const auto record = read_json(out + "/run.json");
  for (const char* key :
       {"status", "spec_hash", "spec", "parameters", "commit", "machine", "isa", "precision", "threads", "steps", "seconds",
        "tokens_per_second", "task", "model", "seed", "lr", "schedule", "evaluations", "steps_to_solve"})
    CHECK(record.contains(key));
  CHECK(record["status"] == "done");
  CHECK(record["steps"] == 60);
  CHECK(record["kind"] == "transformer");
  CHECK(record["task_options"]["numbers"] == "16");
  REQUIRE(record["evaluations"].size() == 4);  // 2 streams, 2 difficulties
  CHECK(record["evaluations"][0]["stream"] == "select");
  CHECK(record["evaluations"][0]["counted"] == 20);
  CHECK(record["evaluations"][3]["stream"] == "report");
  CHECK(record["evaluations"][3]["difficulty"] == 12);
  CHECK(record["evaluations"][3]["counted"] == 40);
  CHECK(to_toml(load_config(out + "/config.toml")) == read_whole(out + "/config.toml"));
  CHECK(record["forced_at"] == nlohmann::json{{"2", 20}, {"4", 40}});  // a bigram model cannot recall
  CHECK(load_model(out).weights.values() == load_training(out + "/training.safetensors", load_model(out).spec).weights.values());
  int lines = 0, holdouts = 0;
  std::istringstream metrics(read_whole(out + "/metrics.jsonl"));
  for (std::string line; std::getline(metrics, line); ++lines) holdouts += nlohmann::json::parse(line).contains("holdout");
  CHECK(holdouts == 6);
  CHECK(lines == 20 + 6);
  CHECK(result.evaluations.size() == 4);
}

TEST_CASE("a run cut anywhere and resumed ends with the same bits and the same metrics") {
  const Scratch folder;
  train_run(config(), folder / "whole", options());
  const std::string weights = read_whole(folder / "whole/model.safetensors"),
                    metrics = timeless_metrics(folder / "whole/metrics.jsonl");
  for (const int step : {1, 7, 20, 33, 59}) {
    const std::string out = folder / fmt::format("cut{}", step);
    CHECK(train_run(config(), out, options(step)).status == "cut");
    CHECK(run_status(out) == "cut");
    CHECK(read_json(out + "/run.json")["steps"] == step);
    CHECK(train_run(config(), out, options(-1, true)).status == "done");
    CHECK(read_whole(out + "/model.safetensors") == weights);
    CHECK(timeless_metrics(out + "/metrics.jsonl") == metrics);
    CHECK(read_json(out + "/run.json")["evaluations"] == read_json(folder / "whole/run.json")["evaluations"]);
  }
}

TEST_CASE("a run that lost everything after a checkpoint computes it again, and a half-written line of metrics is dropped") {
  const Scratch folder;
  const std::string out = folder / "run";
  train_run(config(), out, options());
  const std::string weights = read_whole(out + "/model.safetensors"), metrics = timeless_metrics(out + "/metrics.jsonl");
  // As if killed at step 30: the checkpoint of step 28, metrics to step 30 and a half line, an old model, a temporary file.
  train_run(config(), folder / "other", options(28));
  fs::copy(folder / "other/training.safetensors", out + "/training.safetensors", fs::copy_options::overwrite_existing);
  write_whole(out + "/metrics.jsonl", read_whole(out + "/metrics.jsonl") + "{\"step\":3");
  write_whole(out + "/model.safetensors.part123", "half");
  fs::remove(out + "/model.safetensors");
  auto record = read_json(out + "/run.json");
  record["status"] = "running";
  write_whole(out + "/run.json", record.dump());
  CHECK(run_status(out) == "cut");
  CHECK(train_run(config(), out, options(-1, true)).status == "done");
  CHECK(read_whole(out + "/model.safetensors") == weights);
  CHECK(timeless_metrics(out + "/metrics.jsonl") == metrics);
  CHECK_FALSE(fs::exists(out + "/model.safetensors.part123"));
}

TEST_CASE("a folder with a run is not overwritten, and resumes only the same run") {
  const Scratch folder;
  const std::string out = folder / "run";
  train_run(config(), out, options(10));
  CHECK_THAT(error_of([&] { train_run(config(), out, options()); }), Contains("holds a run already (cut); go on with --resume"));
  CHECK_THAT(error_of([&] { train_run(config({"train.lr=1"}), out, options(-1, true)); }), Contains("train.lr = 0.02, not 1.0"));
  CHECK_THAT(error_of([&] { train_run(config({"train.steps=70"}), out, options(-1, true)); }), Contains("train.steps"));
  CHECK_THAT(error_of([&] { train_run(config({"task.numbers=32"}), out, options(-1, true)); }), Contains("task.numbers"));
  CHECK(train_run(config({"train.checkpoint_every=50", "evaluate.samples=10"}), out, options(-1, true)).status == "done");
  const std::string finished = read_whole(out + "/run.json");
  CHECK(train_run(config({"train.checkpoint_every=50", "evaluate.samples=10"}), out, options(-1, true)).status == "done");
  CHECK(read_whole(out + "/run.json") == finished);
}

TEST_CASE("with a constant learning rate a finished run can be made longer, as if it had been so from the start") {
  const Scratch folder;
  train_run(config({"train.schedule=constant", "train.steps=20"}), folder / "a", options());
  train_run(config({"train.schedule=constant", "train.steps=33"}), folder / "a", options(-1, true));
  train_run(config({"train.schedule=constant", "train.steps=33"}), folder / "b", options());
  CHECK(read_whole(folder / "a/model.safetensors") == read_whole(folder / "b/model.safetensors"));
}

TEST_CASE("a loss that is not finite or explodes ends the run as diverged, with the last checkpoint kept") {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), 1e9}) {
    const Scratch folder;
    const std::string out = folder / "run";
    RunOptions failing = options();
    failing.executor = [bad](const Spec&, Device, Precision) { return std::make_unique<FailingExecutor>(10, bad); };
    const RunResult result = train_run(config(), out, failing);
    CHECK(result.status == "diverged");
    CHECK_THAT(result.reason, Contains("diverged at step 10"));
    CHECK(read_json(out + "/run.json")["status"] == "diverged");
    CHECK(load_model(out).origin.step == 7);
    CHECK(train_run(config(), out, options(-1, true)).status == "diverged");  // it would diverge again
  }
}

TEST_CASE("a disk that fills up while a checkpoint is written leaves the checkpoint before it") {
  const Scratch folder;
  const std::string out = folder / "run";
  train_run(config(), out, options(7));
  const std::string before = read_whole(out + "/training.safetensors"), model = read_whole(out + "/model.safetensors");
  // Files may not grow beyond a part of the checkpoint.
  struct rlimit old = {};
  ::getrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small = {before.size() - 100, old.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string message = error_of([&] { train_run(config(), out, options(-1, true)); });
  ::setrlimit(RLIMIT_FSIZE, &old);
  CHECK_THAT(message, Contains("training.safetensors"));
  CHECK(read_whole(out + "/training.safetensors") == before);
  CHECK(read_whole(out + "/model.safetensors") == model);
  CHECK(read_json(out + "/run.json")["status"] == "cut");
  for (const auto& entry : fs::directory_iterator(out)) CHECK(entry.path().string().find(".part") == std::string::npos);
  CHECK(train_run(config(), out, options(-1, true)).status == "done");
  train_run(config(), folder / "whole", options());
  CHECK(read_whole(out + "/model.safetensors") == read_whole(folder / "whole/model.safetensors"));
}

TEST_CASE("two processes cannot train in one folder") {
  const Scratch folder;
  const RunDirectory held(folder / "run");
  CHECK_THAT(error_of([&] { RunDirectory again(folder / "run"); }), Contains("another process is training there"));
}

TEST_CASE("every model sees the same examples, whatever its learning rate") {
  const auto seen = [](const std::string& pattern, const std::string& lr) {
    const Scratch folder;
    std::vector<std::int32_t> tokens;
    RunOptions spying = options();
    spying.executor = [&tokens](const Spec&, Device, Precision) { return std::make_unique<ListeningExecutor>(tokens); };
    train_run(config({"model.pattern=" + pattern, "train.lr=" + lr, "train.steps=25"}), folder / "run", spying);
    return tokens;
  };
  CHECK(seen("A", "0.02") == seen("GGG", "0.0001"));
}

TEST_CASE("a run resumed on another platform says so") {
  const Scratch folder;
  const std::string out = folder / "run";
  train_run(config({"train.threads=1"}), out, options(7));
  train_run(config({"train.threads=2"}), out, options(-1, true));
  const auto notes = read_json(out + "/run.json")["notes"];
  REQUIRE(notes.size() == 1);
  CHECK_THAT(notes[0].get<std::string>(), Contains("step 7: resumed on") && Contains("2 threads") && Contains("(was"));
}

TEST_CASE("a run that leaves its threads open goes on with as many as it began with") {
  const Scratch folder;
  const std::string out = folder / "run";
  train_run(config({"train.threads=3"}), out, options(7));
  train_run(config({"train.threads=0"}), out, options(-1, true));
  const auto record = read_json(out + "/run.json");
  CHECK(record["notes"].empty());
  CHECK(record["threads"] == 3);
}

TEST_CASE("a run that is solved stops there when asked to") {
  const Scratch folder;
  const auto sets = std::vector<std::string>{"curriculum.threshold=0.01", "train.stop_when_solved=true"};
  const RunResult result = train_run(config(sets), folder / "run", options());
  CHECK(result.status == "done");
  CHECK(result.steps == 30);  // three levels, a check every ten steps
  CHECK(read_json(folder / "run/run.json")["solved"] == true);
}
