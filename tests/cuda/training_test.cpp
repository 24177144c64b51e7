// A training run whose weights stay on the (emulated) device, beside the same run on the CPU.
#include "experiments/harness/initialise.h"
#include "experiments/harness/trainer.h"
#include "kernels/cuda/executor.h"
#include "kernels/executors.h"
#include "tests/catch.h"

using namespace separatrix;

namespace {

RunConfig small_run() {
  RunConfig config;
  config.task.name = "state_tracking", config.task.difficulty = 2;
  config.model.options.pattern = "GA", config.model.options.width = 16, config.model.options.heads = 1;
  config.model.options.head_dim = 8, config.model.options.hidden = 16;
  config.train.batch = 2, config.train.steps = 4, config.train.lr = 1e-2, config.train.weight_decay = 0.1;
  return config;
}

struct Seen {
  std::vector<StepReport> steps;
  std::vector<float> weights;
};

Seen run(const RunConfig& config, const std::function<std::unique_ptr<Executor>(const Spec&)>& executor_of) {
  const auto task = make_task(config.task.name);
  const Spec spec = make_spec(config.model.options, static_cast<int>(task->vocabulary().size()));
  const auto executor = executor_of(spec);
  Trainer trainer(config, *task, *task, *executor, TrainingState(initial_weights(spec, config.model, 1)));
  Seen seen;
  while (!trainer.finished()) seen.steps.push_back(trainer.step(/*measure=*/true));
  seen.weights = trainer.state().weights.values();
  return seen;
}

}  // namespace

TEST_CASE("training on the device goes the way of training on the CPU, step for step") {
  const RunConfig config = small_run();
  const Seen cpu = run(config, [](const Spec& spec) { return make_cpu_executor(spec, Precision::fp32); });
  const Seen device = run(config, [](const Spec& spec) { return emulated::make_device_executor(spec, Precision::fp32); });
  REQUIRE(device.steps.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    INFO("step " << i + 1);
    CHECK(device.steps[i].loss == Approx(cpu.steps[i].loss).epsilon(1e-3));
    CHECK(device.steps[i].gradient_norm == Approx(cpu.steps[i].gradient_norm).epsilon(1e-2));
    CHECK(device.steps[i].correct == cpu.steps[i].correct);
    CHECK(!device.steps[i].diverged);
  }
  // AdamW's first steps are +- lr whatever the gradient's size: weights whose gradient is all rounding may go either way.
  double distance = 0, way = 0;
  const auto task = make_task(config.task.name);
  const Spec spec = make_spec(config.model.options, static_cast<int>(task->vocabulary().size()));
  const std::vector<float> before = initial_weights(spec, config.model, 1).values();
  for (std::size_t i = 0; i < before.size(); ++i) {
    distance += std::pow(static_cast<double>(device.weights[i]) - cpu.weights[i], 2);
    way += std::pow(static_cast<double>(cpu.weights[i]) - before[i], 2);
  }
  CHECK(way > 0);
  CHECK(std::sqrt(distance / way) < 0.02);
}
