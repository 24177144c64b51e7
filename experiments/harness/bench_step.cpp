#include "experiments/harness/bench_step.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "experiments/harness/batch.h"
#include "experiments/harness/initialise.h"
#include "experiments/harness/machine.h"
#include "experiments/harness/product_peak.h"
#include "experiments/harness/trainer.h"
#include "kernels/cuda_bench.h"
#include "kernels/isa.h"
#include "kernels/matmul/clock.h"
#include "models/io/whole_file.h"

namespace separatrix {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// |a - b| / |b|
double relative_distance(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    norm += static_cast<double>(b[i]) * b[i];
  }
  return std::sqrt(difference / norm);
}

double gradient_error(const Task& task, const Spec& spec, const Weights<float>& weights, Executor& executor) {
  const std::vector<Example> one = {task.sample(0, Purpose::test, task.min_difficulty(), 0)};
  const Batch batch = pack(one, Counted::loss);
  Weights<float> fast(spec), plain(spec);
  executor.loss_and_gradient(weights, batch, fast);
  make_executor(spec, Device::reference, Precision::fp32)->loss_and_gradient(weights, batch, plain);
  return relative_distance(fast.values(), plain.values());
}

}  // namespace

StepSpeed time_steps(const RunConfig& config, int steps, const MakeExecutor& executor_of) {
  check_config(config);
  check_memory(config);
  const auto task = training_task(config), evaluated = evaluation_task(config);
  const Spec spec = model_spec(config, *task);
  const Device device = parse_device(config.train.device);
  const Precision precision = parse_precision(config.train.precision, device);
  use_threads(config.train.threads);
  const auto executor = executor_of(spec, device, precision);
  Trainer trainer(config, *task, *evaluated, *executor, TrainingState(initial_weights(spec, config.model, config.train.seed)));

  StepSpeed speed;
  speed.gradient_error = gradient_error(*task, spec, trainer.state().weights, *executor);
  // A wrong kernel errs by the order of 1; rounding of the products, through all layers, by less than these.
  const double limit = precision == Precision::fp32 ? 1e-3 : 0.1;
  if (!(speed.gradient_error < limit))
    fail("bench: the gradient on {} is {:.2g} away from the reference device's (at most {} in {}): no speed is reported",
         config.train.device, speed.gradient_error, limit, precision_name(precision));

  for (int i = 0; i < steps; ++i) trainer.step(/*measure=*/false);
  std::vector<double> times;
  std::int64_t tokens = 0, targets = 0;
  StepReport report;
  const double products_before = product_core_seconds();
  for (int i = 0; i < steps; ++i) {
    const auto begin = Clock::now();
    report = trainer.step(/*measure=*/false);
    times.push_back(seconds_since(begin));
    tokens += report.tokens, targets += report.targets;
  }
  double total = 0;
  for (const double t : times) total += t;
  speed.product_share = (product_core_seconds() - products_before) / (total * threads());
  std::sort(times.begin(), times.end());
  const Example example = task->sample(config.train.seed, Purpose::train, report.difficulty, 0);
  speed.batch = config.train.batch, speed.length = static_cast<int>(example.tokens.size()) - 1, speed.steps = steps;
  speed.seconds = times[times.size() / 2], speed.fastest = times.front();
  const auto quantile = [&](double q) { return times[static_cast<std::size_t>(q * static_cast<double>(times.size() - 1))]; };
  speed.spread = (quantile(0.9) - quantile(0.1)) / speed.seconds;
  speed.tokens_per_second = static_cast<double>(tokens) / total;
  const double forward = forward_flops_per_token(spec, speed.length) * static_cast<double>(tokens) -
                         read_out_flops_per_token(spec) * static_cast<double>(tokens - targets);
  speed.gigaflop = 3e-9 * forward / steps;
  return speed;
}

StepSpeed bench_step(const RunConfig& config, int steps, const MakeExecutor& executor_of) {
  StepSpeed speed = time_steps(config, steps, executor_of);
  const Device device = parse_device(config.train.device);
  const Precision precision = parse_precision(config.train.precision, device);
  speed.peak = device == Device::cuda ? cuda_product_gigaflops(precision) : product_peak(precision);
  return speed;
}

std::string read_speed_rows(const std::string& path) {
  const std::string header =
      "config,task,model,width,batch,length,precision,isa,threads,steps,seconds,fastest,tokens_per_second,product_share,gigaflop,"
      "product_gigaflops,floor_seconds,gradient_error,commit,machine,date\n";
  std::string text = std::filesystem::exists(path) ? read_whole(path) : "";
  if (text.empty()) text = header;
  if (!text.starts_with(header)) fail("{} is no file of such rows (its first line is another); give another --csv", path);
  return text;
}

void append_speed_row(const std::string& path, const std::string& name, const RunConfig& config, const StepSpeed& s) {
  std::string text = read_speed_rows(path);
  const Precision precision = parse_precision(config.train.precision, parse_device(config.train.device));
  text +=
      fmt::format("{},{},{},{},{},{},{},{},{},{},{:.4f},{:.4f},{:.0f},{:.3f},{:.2f},{:.0f},{:.4f},{:.2g},{},{},{:%Y-%m-%d}\n", name,
                  config.task.name, model_name(config), config.model.options.width, s.batch, s.length, precision_name(precision),
                  isa_name(isa()), threads(), s.steps, s.seconds, s.fastest, s.tokens_per_second, s.product_share, s.gigaflop,
                  s.peak, s.floor(), s.gradient_error, program_commit(), cpu_model(), fmt::gmtime(std::time(nullptr)));
  write_whole(path, text);
}

}  // namespace separatrix
