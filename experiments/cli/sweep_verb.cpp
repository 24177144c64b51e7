// separatrix sweep SWEEP.toml --out DIR [--jobs K] [--set a.b=c]... [--launcher local|slurm] [--dry-run] [--json]
#include <CLI/CLI.hpp>
#include <memory>

#include "experiments/cli/number_check.h"
#include "experiments/cli/verbs.h"
#include "experiments/harness/interrupt.h"
#include "experiments/harness/slurm.h"
#include "experiments/harness/sweep.h"

namespace separatrix {
namespace {

struct SweepArguments {
  std::string file, out, device, launcher = "local", runs_as = "auto";
  std::vector<std::string> sets;
  int jobs = 0;
  bool dry = false, json = false, quiet = false;
};

void print_plan(const std::vector<PlannedRun>& runs) {
  for (const PlannedRun& run : runs) fmt::print("{}\n", run.name);
  fmt::print("{} runs\n", runs.size());
}

int sweep(const SweepArguments& a) {
  const RunsAs runs_as = parse_runs_as(a.runs_as);
  const SweepFile file = load_sweep(a.file);
  std::vector<std::string> sets = a.sets;
  if (!a.device.empty()) sets.push_back("train.device=\"" + a.device + "\"");
  const std::vector<PlannedRun> runs = plan(file, sets);
  if (a.dry) {
    if (a.json)
      fmt::print("{}\n", dry_run(runs).dump(1));
    else
      print_plan(runs);
    return 0;
  }
  if (a.out.empty()) fail("--out is missing: the folder of the sweep (or --dry-run to see its runs)");
  if (a.launcher == "slurm") {
    fmt::print("{}", submit_to_slurm(file, runs, a.out, a.jobs));
    return 0;
  }
  if (a.launcher != "local") fail("unknown launcher '{}'; local or slurm", a.launcher);
  refuse_missing_device(runs);
  note_interrupts();
  SweepOptions options;
  options.jobs = a.jobs, options.quiet = a.quiet, options.runs_as = runs_as;
  options.stop = [] { return interrupted_by != 0; };
  const SweepResult result = run_sweep(file, runs, a.out, options);
  if (a.json)
    fmt::print("{}\n", nlohmann::ordered_json{{"planned", result.planned},
                                              {"done", result.done},
                                              {"diverged", result.diverged},
                                              {"crashed", result.crashed},
                                              {"skipped", result.skipped},
                                              {"stopped", result.stopped}}
                           .dump());
  else
    fmt::print("{} of {} runs done, {} diverged, {} crashed{}: {}\n", result.done, result.planned, result.diverged, result.crashed,
               result.stopped ? "; stopped, the same command goes on" : "", a.out);
  return result.stopped ? 128 + interrupted_by : result.crashed > 0 ? 1 : 0;
}

}  // namespace

void add_sweep_verb(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("sweep", "many runs: a grid of settings, or a random sample of it");
  verb->footer(
      "example: separatrix sweep experiments/quick/recall.toml --out runs/recall\n"
      "Finished runs are skipped and cut ones resumed, so the same command goes on after Ctrl-C.  Exit code 1: a run crashed.");
  const auto a = std::make_shared<SweepArguments>();
  verb->add_option("sweep", a->file, "the sweep (TOML)")->required();
  verb->add_option("--out", a->out, "the folder of the sweep");
  verb->add_option("--device", a->device, "train.device of every run: cpu | reference | cuda (runs at once share the GPU)");
  verb->add_option("--jobs", a->jobs, "runs at once; 0: one per core")->check(at_least_0());
  verb->add_option("--set", a->sets, "override a key of every run: train.steps=100")->take_all()->allow_extra_args(false);
  verb->add_option("--launcher", a->launcher, "local | slurm")->capture_default_str();
  verb->add_option("--runs-as", a->runs_as,
                   "processes | threads of this program; auto: threads on a GPU, which runs their kernels at the same time")
      ->capture_default_str();
  verb->add_flag("--dry-run", a->dry, "only show the runs");
  verb->add_flag("--json", a->json, "print figures as JSON; with --dry-run every setting of every run");
  verb->add_flag("--quiet", a->quiet, "no progress");
  verb->callback([a, &exit_code] { exit_code = sweep(*a); });
}

}  // namespace separatrix
