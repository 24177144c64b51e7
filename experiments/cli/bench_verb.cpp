// separatrix bench step CONFIG | sweep CONFIG | gdn | attention | tasks: speeds on this machine, beside their floors.
#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiments/cli/bench_kernels.h"
#include "experiments/cli/verbs.h"
#include "experiments/harness/bench_delta.h"
#include "experiments/harness/bench_step.h"
#include "experiments/harness/bench_sweep.h"
#include "experiments/harness/machine.h"
#include "experiments/harness/output.h"
#include "experiments/harness/process.h"
#include "kernels/cuda_devices.h"

namespace separatrix {
namespace {

using Json = nlohmann::ordered_json;

struct StepArguments {
  std::string config, csv, device;
  std::vector<std::string> sets;
  int steps = 10;
  bool json = false;
};

Json to_json(const StepSpeed& s) {
  return {{"seconds", s.seconds},
          {"fastest", s.fastest},
          {"spread", s.spread},
          {"steps", s.steps},
          {"batch", s.batch},
          {"length", s.length},
          {"tokens_per_second", s.tokens_per_second},
          {"product_share", s.product_share},
          {"gigaflop", s.gigaflop},
          {"product_gigaflops", s.peak},
          {"floor_seconds", s.floor()},
          {"times_floor", s.seconds / s.floor()},
          {"gradient_error", s.gradient_error}};
}

int bench_training_step(const StepArguments& a) {
  if (a.steps < 1) fail("--steps must be at least 1, not {}", a.steps);
  std::vector<std::string> sets = a.sets;
  if (!a.device.empty()) sets.push_back("train.device=" + a.device);
  const RunConfig config = load_config(a.config, sets);
  check_output_file("--csv", a.csv);
  if (!a.csv.empty()) read_speed_rows(a.csv);
  const StepSpeed s = bench_step(config, a.steps);
  if (!a.csv.empty()) append_speed_row(a.csv, std::filesystem::path(a.config).stem().string(), config, s);
  if (a.json) {
    fmt::print("{}\n", to_json(s).dump(1));
    return 0;
  }
  fmt::print("step               {:.4f} s (median of {}; fastest {:.4f})\n", s.seconds, s.steps, s.fastest);
  fmt::print("tokens             {:.0f} a second; batch {}, length {}\n", s.tokens_per_second, s.batch, s.length);
  fmt::print("matrix products    {:.0f} % of the time\n", 100 * s.product_share);
  fmt::print("floor              {:.4f} s: {:.2f} GFLOP at the {:.0f} GFLOP/s of a large product here and now\n", s.floor(),
             s.gigaflop, s.peak);
  fmt::print("gradient           {:.2g} away from the reference device's\n", s.gradient_error);
  return 0;
}

struct SweepBenchArguments {
  std::string config, device, runs_as = "auto";
  std::vector<std::string> sets;
  int jobs = 2, steps = 10;
  bool json = false;
};

int bench_runs_at_once(const SweepBenchArguments& a) {
  std::vector<std::string> sets = a.sets;
  if (!a.device.empty()) sets.push_back("train.device=" + a.device);
  if (parse_device(load_config(a.config, sets).train.device) == Device::cuda) cuda_devices();
  const SweepSpeed s = bench_sweep(a.config, sets, a.jobs, a.steps, this_program(), parse_runs_as(a.runs_as));
  const double rate = s.steps_per_second();
  if (a.json) {
    const Json out = {{"jobs", s.jobs},
                      {"steps", s.steps},
                      {"seconds_alone", s.alone},
                      {"seconds", s.seconds},
                      {"spread", s.spread()},
                      {"steps_per_second", rate},
                      {"times_one_run", rate * s.alone},
                      {"floor_seconds", s.floor},
                      {"times_floor", s.alone / s.floor},
                      {"gradient_error", s.worst_gradient_error}};
    fmt::print("{}\n", out.dump(1));
    return 0;
  }
  fmt::print("one run      {:.4f} s a step; floor {:.4f} s\n", s.alone, s.floor);
  fmt::print("{:<3} at once  {:.2f} steps a second together, {:.2f} times one run; spread of the runs {:.1f} %\n", s.jobs, rate,
             rate * s.alone, 100 * s.spread());
  return 0;
}

struct DeltaArguments {
  DeltaShape shape{32, 1024, 4, 4, 64, 128};
  int runs = 10, threads = 0;
  std::string device = "cpu", precision = "fp32";
  bool json = false;
};

/// Every version of the GPU's kernel.
int bench_delta_rule_on_cuda(const DeltaArguments& a) {
  const Precision precision = a.precision == "bf16" ? Precision::bf16 : Precision::fp32;
  print_kernel_speeds(bench_delta_on_cuda({a.shape.batch, a.shape.length, a.shape.key_heads, a.shape.key_dim, a.shape.value_dim,
                                           precision, a.runs}),
                      a.json);
  return 0;
}

void check_sizes(const DeltaArguments& a) {
  const DeltaShape& s = a.shape;
  for (const auto& [name, value] : {std::pair("batch", static_cast<std::int64_t>(s.batch)),
                                    {"length", s.length},
                                    {"heads", s.key_heads},
                                    {"key-dim", s.key_dim},
                                    {"value-dim", s.value_dim},
                                    {"runs", a.runs}})
    if (value < 1) fail("bench gdn: --{} {}: wanted 1 or more", name, value);
  // Inputs, outputs, their gradients, and the states that the forward keeps.
  const double numbers = 1.0 * s.batch * s.length * s.key_heads * (8.0 * s.key_dim + 8.0 * s.value_dim);
  if (numbers > 4e9)
    fail("bench gdn: batch {} x length {} x heads {} needs some {:.0f} GB; give smaller sizes", s.batch, s.length, s.key_heads,
         4e-9 * numbers);
}

int bench_delta_rule(const DeltaArguments& a) {
  check_sizes(a);
  const Device device = parse_device(a.device);
  if (device == Device::cuda) return bench_delta_rule_on_cuda(a);
  if (device != Device::cpu || a.precision != "fp32")
    fail("bench gdn runs on cpu in fp32, or on cuda in fp32 or bf16; not on {} in {}", a.device, a.precision);
  const int threads = use_threads(a.threads);
  const DeltaSpeed s = bench_delta(a.shape, a.runs);
  if (a.json) {
    const Json out = {{"batch", s.shape.batch},
                      {"length", s.shape.length},
                      {"heads", s.shape.value_heads},
                      {"key_dim", s.shape.key_dim},
                      {"value_dim", s.shape.value_dim},
                      {"threads", threads},
                      {"runs", s.runs},
                      {"forward_seconds", s.forward},
                      {"backward_seconds", s.backward},
                      {"forward_fastest", s.forward_best},
                      {"backward_fastest", s.backward_best},
                      {"forward_gigaflop", s.forward_gigaflop},
                      {"backward_gigaflop", s.backward_gigaflop},
                      {"product_gigaflops", s.peak},
                      {"error", s.error}};
    fmt::print("{}\n", out.dump(1));
    return 0;
  }
  const auto line = [&](const char* what, double seconds, double best, double gigaflop) {
    fmt::print("{:<9} {:.2f} ms (median of {}; fastest {:.2f}); floor {:.2f} ms: {:.1f} GFLOP at {:.0f} GFLOP/s\n", what,
               1e3 * seconds, s.runs, 1e3 * best, 1e3 * gigaflop / s.peak, gigaflop, s.peak);
  };
  line("forward", s.forward, s.forward_best, s.forward_gigaflop);
  line("backward", s.backward, s.backward_best, s.backward_gigaflop);
  fmt::print("error     {:.2g} against the token recurrence in double\n", s.error);
  return 0;
}

/// Tokens per second of one thread that draws examples for `seconds`.
double draw_speed(const Task& task, int difficulty, double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  std::int64_t tokens = 0;
  double passed = 0;
  for (std::uint64_t i = 0; passed < seconds; ++i) {
    tokens += static_cast<std::int64_t>(task.sample(0, Purpose::sample, difficulty, i).tokens.size());
    if (i % 64 == 0) passed = std::chrono::duration<double>(Clock::now() - begin).count();
  }
  return static_cast<double>(tokens) / passed;
}

int bench_tasks(bool json) {
  Json rows = Json::array();
  if (!json) fmt::print("{:<20} {:>10} {:>22}\n", "task", "difficulty", "tokens/s of one core");
  for (const std::string& name : task_names()) {
    const auto task = make_task(name);
    const int difficulty = task->levels().back();
    const double speed = draw_speed(*task, difficulty, 0.5);
    rows.push_back({{"task", name}, {"difficulty", difficulty}, {"tokens_per_second", speed}});
    if (!json) fmt::print("{:<20} {:>10} {:>22.0f}\n", name, difficulty, speed);
  }
  if (json) fmt::print("{}\n", rows.dump(1));
  return 0;
}

void add_step_bench(CLI::App& verb, int& exit_code) {
  auto* step = verb.add_subcommand("step", "one training step; reported only when its gradient is right");
  step->footer("example: separatrix bench step experiments/quick/model.toml --csv speed.csv");
  auto a = std::make_shared<StepArguments>();
  step->add_option("config", a->config, "the settings of a run (TOML)")->required();
  step->add_option("--set", a->sets, "override a key: train.batch=8")->take_all()->allow_extra_args(false);
  step->add_option("--device", a->device, "train.device: cpu | reference | cuda");
  step->add_option("--steps", a->steps, "steps to measure, after as many to warm up");
  step->add_option("--csv", a->csv, "append the figures to this file, with commit, machine and date");
  step->add_flag("--json", a->json, "print JSON");
  step->callback([a, &exit_code] { exit_code = bench_training_step(*a); });
}

void add_delta_bench(CLI::App& verb, int& exit_code) {
  auto* gdn = verb.add_subcommand("gdn", "the gated delta rule alone; reported only when output and gradients are right");
  gdn->footer("example: separatrix bench gdn --batch 32 --length 1024 --heads 4 --key-dim 64 --value-dim 128");
  auto d = std::make_shared<DeltaArguments>();
  gdn->add_option("--batch", d->shape.batch, "sequences");
  gdn->add_option("--length", d->shape.length, "tokens of each");
  gdn->add_option("--heads", d->shape.key_heads, "heads");
  gdn->add_option("--key-dim", d->shape.key_dim, "width of keys and queries");
  gdn->add_option("--value-dim", d->shape.value_dim, "width of values");
  gdn->add_option("--runs", d->runs, "runs to measure, after one to warm up");
  gdn->add_option("--device", d->device, "cpu | cuda")->capture_default_str();
  gdn->add_option("--precision", d->precision, "of inputs and outputs: fp32 | bf16 (cuda only)")
      ->check(CLI::IsMember({"fp32", "bf16"}))
      ->capture_default_str();
  gdn->add_option("--threads", d->threads, "cores; 0 = all");
  gdn->add_flag("--json", d->json, "print JSON");
  gdn->callback([d, &exit_code] {
    d->shape.value_heads = d->shape.key_heads;
    exit_code = bench_delta_rule(*d);
  });
}

void add_sweep_bench(CLI::App& verb, int& exit_code) {
  auto* sweep = verb.add_subcommand("sweep",
                                    "several training runs at once, each with its share of the cores whatever train.threads says; "
                                    "reported only when their gradients are right");
  sweep->footer("example: separatrix bench sweep experiments/quick/model.toml --jobs 4 --device cuda --json");
  auto w = std::make_shared<SweepBenchArguments>();
  sweep->add_option("config", w->config, "the settings of a run (TOML)")->required();
  sweep->add_option("--set", w->sets, "override a key: train.batch=8")->take_all()->allow_extra_args(false);
  sweep->add_option("--device", w->device, "train.device: cpu | reference | cuda");
  sweep->add_option("--jobs", w->jobs, "runs at once")->capture_default_str();
  sweep->add_option("--runs-as", w->runs_as, "processes | threads; auto: threads on a GPU")->capture_default_str();
  sweep->add_option("--steps", w->steps, "steps of each to measure, after as many to warm up")->capture_default_str();
  sweep->add_flag("--json", w->json, "print JSON");
  sweep->callback([w, &exit_code] { exit_code = bench_runs_at_once(*w); });
}

void add_tasks_bench(CLI::App& verb, int& exit_code) {
  auto* tasks = verb.add_subcommand("tasks", "tokens drawn per second by each generator");
  tasks->footer("example: separatrix bench tasks --json");
  auto json = std::make_shared<bool>(false);
  tasks->add_flag("--json", *json, "print JSON");
  tasks->callback([json, &exit_code] { exit_code = bench_tasks(*json); });
}

}  // namespace

void add_bench_verb(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("bench", "speeds on this machine, beside their floors");
  verb->require_subcommand(1);
  verb->footer("example: separatrix bench step experiments/quick/model.toml");
  add_step_bench(*verb, exit_code);
  add_delta_bench(*verb, exit_code);
  add_attention_bench(*verb, exit_code);
  add_sweep_bench(*verb, exit_code);
  add_tasks_bench(*verb, exit_code);
}

}  // namespace separatrix
