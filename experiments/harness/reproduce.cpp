// verify, sweeps, report: in this order, each with its time.
#include "experiments/harness/reproduce.h"

#include <chrono>
#include <cstdio>

#include "experiments/harness/output.h"
#include "experiments/harness/paths.h"
#include "experiments/harness/progress.h"
#include "experiments/harness/reach.h"
#include "experiments/harness/verify_hook.h"
#include "experiments/report/limits_table.h"
#include "experiments/report/reach_table.h"
#include "experiments/report/report.h"
#include "experiments/report/selection.h"
#include "experiments/report/verdict.h"
#include "models/io/whole_file.h"
#include "tasks/nearest.h"

namespace separatrix {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> sweep_names = {"state_tracking", "recall", "state_based_recall"};

/// Says what begins and, when it ends, how long it took.
class Step {
 public:
  explicit Step(const std::string& title) { say(title); }
  void done(const std::string& what) const {
    say(fmt::format("  {}  ({})", what, clock_text(std::chrono::duration<double>(Clock::now() - began_).count())));
  }

 private:
  using Clock = std::chrono::steady_clock;
  static void say(const std::string& text) {
    fmt::print("{}\n", text);
    std::fflush(stdout);
  }
  Clock::time_point began_ = Clock::now();
};

bool verify(const fs::path& out) {
  const Step step("Verify: every statement, exactly");
  const auto verified = run_verify();
  write_whole(out / "verify.json", verified.dump(1) + "\n");
  int holding = 0;
  for (const auto& statement : verified.at("statements")) {
    const bool holds = statement.at("holds").get<bool>();
    holding += holds;
    if (!holds) fmt::print("  does NOT hold: {}\n", statement.value("name", "?"));
  }
  step.done(fmt::format("{} of {} statements hold", holding, verified.at("statements").size()));
  return all_hold(verified);
}

/// How far every construction is right in each arithmetic; not again when it is there.
void reach(const fs::path& out, const std::string& scale) {
  if (fs::exists(out / "reach.csv")) return;
  const Step step("Reach: every construction in each arithmetic");
  ReachOptions options;
  options.work = scale == "quick" ? 1 : 10;
  std::vector<Reach> rows;
  for (const Construction& c : constructions())
    for (const Reach& row : measure_reach(c, out / "constructions", options)) rows.push_back(row);
  write_whole(out / "limits.csv", to_csv(measure_limits()));
  write_whole(out / "reach.csv", to_csv(rows));
  step.done(fmt::format("{} constructions, {} arithmetics", constructions().size(), arithmetics().size()));
}

fs::path sweep_file(const std::string& scale, const std::string& name) {
  return experiments_dir() / scale / (name + ".toml");
}

/// One sweep; false when it was stopped.
bool train(const std::string& name, const fs::path& file, const ReproduceOptions& options) {
  const SweepFile sweep = load_sweep(file);
  const std::vector<PlannedRun> runs = plan(sweep, options.sets);
  const Step step(fmt::format("Train: {} ({} runs)", name, runs.size()));
  SweepOptions sweep_options;
  sweep_options.jobs = options.jobs, sweep_options.stop = options.stop, sweep_options.runs_as = options.runs_as;
  const SweepResult result = run_sweep(sweep, runs, options.out / "runs" / name, sweep_options);
  step.done(fmt::format("{} done ({} before), {} diverged, {} crashed{}", result.done, result.skipped, result.diverged,
                        result.crashed, result.stopped ? "; stopped, the same command goes on" : ""));
  return !result.stopped;
}

void print_verdicts(const fs::path& out) {
  const std::vector<Row> rows = rows_from_csv(read_whole(out / "results.csv"), "results.csv");
  for (const Experiment& experiment : group(rows))
    for (const Verdict& verdict : verdicts(experiment))
      fmt::print("  {:<3} {}, {}: {}\n", verdict.holds ? "yes" : "NO", experiment.name, verdict.expected, verdict.seen);
}

}  // namespace

ReproduceResult reproduce(const ReproduceOptions& options) {
  if (options.scale != "quick" && options.scale != "paper")
    fail("unknown scale '{}'; did you mean '{}'? (quick: minutes; paper: Appendix C as written, days on a CPU)", options.scale,
         nearest(options.scale, {"quick", "paper"}));
  for (const std::string& name : sweep_names)  // a wrong --set, no GPU: now, not after the statements
    refuse_missing_device(plan(load_sweep(sweep_file(options.scale, name)), options.sets));
  make_output_folder("--out", options.out.string());
  const Step whole(fmt::format("Separatrix, scale {}: report in {}", options.scale, options.out.string()));
  ReproduceResult result;
  result.statements_hold = verify(options.out);
  reach(options.out, options.scale);
  std::vector<fs::path> sweeps;
  for (const std::string& name : sweep_names) {
    if (!train(name, sweep_file(options.scale, name), options)) {
      result.stopped = true;
      return result;
    }
    sweeps.push_back(options.out / "runs" / name);
  }
  const Step step("Report");
  write_report(sweeps, options.out);
  print_verdicts(options.out);
  step.done((options.out / "index.html").string());
  whole.done("all done");
  return result;
}

}  // namespace separatrix
