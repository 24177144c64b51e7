// What `separatrix bench` shows of the GPU's kernels, and its `attention`.
#include "experiments/cli/bench_kernels.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "experiments/cli/number_check.h"
#include "experiments/harness/machine.h"

namespace separatrix {

void print_kernel_speeds(const std::vector<KernelSpeed>& speeds, bool json) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  if (!json)
    fmt::print("{:<12} {:<9} {:>12} {:>8} {:>12} {:>12} {:>8}\n", "version", "pass", "median us", "spread", "floor us", "TFLOP/s",
               "x floor");
  for (const KernelSpeed& s : speeds) {
    rows.push_back({{"version", s.version},
                    {"pass", s.pass},
                    {"seconds", s.seconds},
                    {"fastest", s.fastest},
                    {"spread", s.spread},
                    {"bytes", s.bytes},
                    {"flops", s.flops},
                    {"bytes_per_second_of_a_copy", s.bandwidth},
                    {"flops_per_second_of_a_product", s.product_rate},
                    {"floor_seconds", s.floor()},
                    {"times_floor", s.seconds / s.floor()},
                    {"error", s.error}});
    if (!json)
      fmt::print("{:<12} {:<9} {:>12.1f} {:>7.1f}% {:>12.1f} {:>12.2f} {:>8.1f}\n", s.version, s.pass, 1e6 * s.seconds,
                 100 * s.spread, 1e6 * s.floor(), 1e-12 * s.flops / s.seconds, s.seconds / s.floor());
  }
  if (json) fmt::print("{}\n", rows.dump(1));
}

void add_attention_bench(CLI::App& verb, int& exit_code) {
  struct Arguments {
    KernelBench bench;
    std::string device = "cuda", precision = "bf16";
    bool json = false;
  };
  auto* sub = verb.add_subcommand("attention", "causal attention alone on a GPU; reported only when right");
  sub->footer(
      "example: separatrix bench attention --device cuda --batch 32 --length 1024 --heads 4 --head-dim 64 --precision bf16 --json");
  auto a = std::make_shared<Arguments>();
  sub->add_option("--device", a->device, "cuda")->capture_default_str();
  sub->add_option("--batch", a->bench.batch, "sequences")->check(above_0())->capture_default_str();
  sub->add_option("--length", a->bench.length, "tokens of each")->check(above_0())->capture_default_str();
  sub->add_option("--heads", a->bench.heads, "heads")->check(above_0())->capture_default_str();
  sub->add_option("--head-dim", a->bench.key_dim, "per head")->check(above_0())->capture_default_str();
  sub->add_option("--precision", a->precision, "of inputs, outputs and their gradients: fp32 | bf16")
      ->check(CLI::IsMember({"fp32", "bf16"}))
      ->capture_default_str();
  sub->add_option("--runs", a->bench.repeats, "calls timed")->check(above_0())->capture_default_str();
  sub->add_flag("--json", a->json, "print JSON");
  sub->callback([a, &exit_code] {
    if (parse_device(a->device) != Device::cuda)
      fail("bench attention: only --device cuda is timed alone, not {}; for the CPU: separatrix bench step", a->device);
    a->bench.precision = a->precision == "bf16" ? Precision::bf16 : Precision::fp32;
    print_kernel_speeds(bench_attention_on_cuda(a->bench), a->json);
    exit_code = 0;
  });
}

}  // namespace separatrix
