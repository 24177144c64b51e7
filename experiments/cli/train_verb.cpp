// separatrix train CONFIG.toml [--set a.b=c]... --out DIR [--resume]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>

#include "experiments/cli/verbs.h"
#include "experiments/harness/interrupt.h"
#include "experiments/harness/run.h"

namespace separatrix {
namespace {

struct TrainArguments {
  std::string config, out, device, precision, threads;
  std::vector<std::string> sets;
  bool resume = false, quiet = false, keys = false;
  double max_seconds = 0;
};

void print_keys() {
  for (const ConfigKey& key : config_keys()) fmt::print("{} = {}\n    {} ({})\n", key.name, key.value, key.meaning, key.allowed);
}

RunConfig read_config(const TrainArguments& a) {
  std::vector<std::string> sets = a.sets;
  if (!a.device.empty()) sets.push_back("train.device=\"" + a.device + "\"");
  if (!a.precision.empty()) sets.push_back("train.precision=\"" + a.precision + "\"");
  if (!a.threads.empty()) sets.push_back("train.threads=" + a.threads);
  const std::string written = a.out + "/config.toml";
  if (!a.config.empty()) return load_config(a.config, sets);
  if (!a.resume) fail("give a config file: separatrix train CONFIG.toml --out DIR");
  if (!std::filesystem::exists(written))
    fail("--resume: there is no run in {}; give its folder, or a config file to begin one", a.out);
  return load_config(written, sets);
}

int train(const TrainArguments& a) {
  if (a.keys) return print_keys(), 0;
  if (a.out.empty()) fail("--out is missing: the folder of the run");
  if (!(a.max_seconds >= 0)) fail("--max-seconds {}: wanted a number of seconds above 0; 0: no limit", a.max_seconds);
  // The first Ctrl-C ends with a checkpoint.
  note_interrupts();
  RunOptions options;
  options.resume = a.resume;
  options.quiet = a.quiet;
  options.max_seconds = a.max_seconds;
  options.stop = [] { return interrupted_by != 0; };
  const RunResult result = train_run(read_config(a), a.out, options);
  for (const Tally& t : result.evaluations)
    if (t.stream == "report") {
      const auto best = std::max_element(t.shortcuts.begin(), t.shortcuts.end(),
                                         [](const ShortcutTally& x, const ShortcutTally& y) { return x.right < y.right; });
      fmt::print("difficulty {}: {} of {} right", t.difficulty, t.correct, t.counted);
      if (best != t.shortcuts.end()) fmt::print("; the shortcut '{}' answers {}", best->name, best->right);
      fmt::print("\n");
    }
  if (result.status == "diverged") fmt::print(stderr, "separatrix: {}\n", result.reason);
  fmt::print("{} after {} steps: {}\n", result.status, result.steps, a.out);
  if (interrupted_by != 0) return 128 + interrupted_by;
  return result.status == "diverged" ? 1 : 0;
}

}  // namespace

void add_train_verb(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("train", "train one model on one task");
  verb->footer(
      "example: separatrix train experiments/paper/model.toml --set model.preset=hybrid --out runs/one\n"
      "Exit code 1: the run diverged.  Ctrl-C ends it with a checkpoint; --resume goes on from the last one with the same bits\n"
      "on the same kind of machine with the same number of threads; else it says so in run.json.");
  auto a = std::make_shared<TrainArguments>();
  verb->add_option("config", a->config, "the settings (TOML); may be left out with --resume");
  verb->add_option("--set", a->sets, "override a key: train.lr=0.001")->take_all()->allow_extra_args(false);
  verb->add_option("--out", a->out, "the folder of the run");
  verb->add_flag("--resume", a->resume, "go on with the run in the folder, or begin it");
  verb->add_flag("--quiet", a->quiet, "no progress");
  verb->add_flag("--keys", a->keys, "print every key with its default and leave");
  verb->add_option("--device", a->device, "train.device: cpu | reference | cuda");
  verb->add_option("--precision", a->precision, "train.precision: auto | fp32 | bf16");
  verb->add_option("--threads", a->threads, "train.threads; 0: all cores");
  verb->add_option("--max-seconds", a->max_seconds, "cut the run, with a checkpoint, after that time; 0: no limit");
  verb->callback([a, &exit_code] { exit_code = train(*a); });
}

}  // namespace separatrix
