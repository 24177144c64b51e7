// The verb bench: figures that hang together, one CSV row per measurement, and no speed for a wrong kernel.
#include "experiments/harness/bench_step.h"

#include <nlohmann/json.hpp>

#include "experiments/harness/bench_delta.h"
#include "program.h"
#include "tests/catch.h"

using namespace separatrix;

namespace {

const char* const small_config = R"(
[task]
name = "state_tracking"
difficulty = 2
[model]
pattern = "GA"
width = 16
heads = 2
head_dim = 8
hidden = 16
[train]
batch = 4
threads = 1
precision = "fp32"
)";

/// The CPU executor with one wrong number in its gradient.
class WrongExecutor : public Executor {
 public:
  explicit WrongExecutor(std::unique_ptr<Executor> right) : right_(std::move(right)) {}
  double loss_and_gradient(const Weights<float>& weights, const Batch& batch, Weights<float>& gradient) override {
    const double loss = right_->loss_and_gradient(weights, batch, gradient);
    gradient["lm_head.weight"][0] += 1;
    return loss;
  }
  std::vector<std::int32_t> predict(const Weights<float>& weights, const Batch& batch) override {
    return right_->predict(weights, batch);
  }
  Matrix<float> logits(const Weights<float>& weights, const Batch& batch) override { return right_->logits(weights, batch); }

  std::vector<Matrix<float>> layers(const Weights<float>& weights, const Batch& batch) override {
    return right_->layers(weights, batch);
  }

 private:
  std::unique_ptr<Executor> right_;
};

}  // namespace

TEST_CASE("the figures of a training step hang together") {
  const StepSpeed s = bench_step(parse_config(small_config, "here"), 4);
  CHECK(s.batch == 4);
  CHECK(s.steps == 4);
  CHECK(s.fastest > 0);
  CHECK(s.fastest <= s.seconds);
  CHECK(s.product_share > 0);
  CHECK(s.product_share < 1);
  CHECK(s.gradient_error < 1e-5);
  CHECK(s.floor() < s.seconds);
}

TEST_CASE("a kernel with a wrong gradient gets no speed") {
  const MakeExecutor wrong = [](const Spec& spec, Device device, Precision precision) {
    return std::make_unique<WrongExecutor>(make_executor(spec, device, precision));
  };
  CHECK_THROWS_WITH(bench_step(parse_config(small_config, "here"), 4, wrong), Catch::Matchers::Contains("no speed is reported"));
}

TEST_CASE("bench step appends one row per measurement to a CSV file, and bad arguments end with exit code 2") {
  const Scratch folder;
  write_whole(folder / "small.toml", small_config);
  for (int i = 0; i < 2; ++i)
    CHECK(run_program({"bench", "step", folder / "small.toml", "--steps", "1", "--csv", folder / "speed.csv"}).code == 0);
  const std::string csv = read_whole(folder / "speed.csv");
  CHECK(csv.starts_with("config,task,model,"));
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 3);
  CHECK(csv.find("\nsmall,state_tracking,GA,16,4,") != std::string::npos);
  CHECK(run_program({"bench"}).code == 2);
  CHECK(run_program({"bench", "step", folder / "small.toml", "--steps", "0"}).code == 2);
  CHECK(run_program({"bench", "step", folder / "none.toml"}).code == 2);
}

TEST_CASE("the figures of the delta rule alone hang together, and only a right kernel of a possible shape has them") {
  const DeltaSpeed s = bench_delta({2, 70, 1, 2, 8, 16}, 2);
  CHECK(s.error < 1e-5);
  CHECK(s.forward_best > 0);
  CHECK(s.forward_best <= s.forward);
  CHECK(s.backward_best <= s.backward);
  CHECK(s.forward_gigaflop == Approx(6e-9 * 2 * 70 * 2 * 8 * 16));
  CHECK(s.peak > 0);
  const DeltaSpeed brief = bench_delta({2, 4, 1, 2, 64, 32}, 1);  // a triangle of 4 tokens is cheaper than the state
  CHECK(brief.forward_gigaflop == Approx(2e-9 * 2 * 4 * 2 * 4 * 96));
  CHECK(brief.backward_gigaflop == Approx(4e-9 * 2 * 4 * 2 * 4 * 96));
  CHECK_THROWS_AS(bench_delta({2, 70, 2, 3, 8, 16}, 2), Error);

  const auto ran = run_program({"bench", "gdn", "--batch", "1", "--length", "20", "--heads", "1", "--runs", "1", "--json"});
  CHECK(ran.code == 0);
  CHECK(nlohmann::json::parse(ran.out).at("forward_seconds") > 0);
  CHECK(run_program({"bench", "gdn", "--runs", "0"}).code == 2);
  CHECK(run_program({"bench", "gdn", "--key-dim", "0"}).code == 2);
}

TEST_CASE("bench sweep runs several at once and adds up their steps; a GPU that is not there ends a sweep before its first run") {
  const Scratch folder;
  write_whole(folder / "small.toml", small_config);
  const auto ran = run_program({"bench", "sweep", folder / "small.toml", "--jobs", "2", "--steps", "2", "--json"});
  REQUIRE(ran.code == 0);
  const auto json = nlohmann::json::parse(ran.out);
  REQUIRE(json.at("seconds").size() == 2);
  CHECK(json.at("steps_per_second").get<double>() ==
        Approx(1 / json.at("seconds")[0].get<double>() + 1 / json.at("seconds")[1].get<double>()));
  CHECK(json.at("gradient_error") < 1e-5);
  CHECK(run_program({"bench", "sweep", folder / "small.toml", "--jobs", "0"}).code == 2);
  const auto threads =
      run_program({"bench", "sweep", folder / "small.toml", "--jobs", "2", "--steps", "2", "--runs-as", "threads", "--json"});
  REQUIRE(threads.code == 0);
  CHECK(nlohmann::json::parse(threads.out).at("seconds").size() == 2);
  CHECK(nlohmann::json::parse(threads.out).at("gradient_error") == json.at("gradient_error"));
  CHECK(run_program({"bench", "sweep", folder / "small.toml", "--runs-as", "fibers"}).code == 2);
  write_whole(folder / "sweep.toml",
              "name = \"one\"\n[grid]\n\"train.seed\" = [1]\n[run.task]\nname = \"recall\"\ndifficulty = 4\n");
  const auto without = run_program({"sweep", folder / "sweep.toml", "--out", folder / "out", "--jobs", "2", "--device", "cuda"});
  CHECK(without.code == 2);
  CHECK(!without.err.empty());
  CHECK(!std::filesystem::exists(folder / "out"));
}
