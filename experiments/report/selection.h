// Which run is shown, and what the runs beside it did.
// The paper's rule (App. C.3): the run with the best final accuracy at the hardest difficulty, ties by the next longest.
// Here the rule is applied to the examples of stream `select`; what is published comes from stream `report`, which took no part
// in the choice: the best of many noisy runs, shown on the examples that made it the best, looks better than it is.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "experiments/report/row.h"

namespace separatrix {

/// One training run as its rows tell it.  Maps are from difficulty to counts.
struct MeasuredRun {
  Row settings;  // task, model, lr, schedule, seed, steps, status, ... (the counts in it mean nothing)
  std::map<int, Counts> select, report;
  std::map<int, Counts> floor;  // of the report stream's best shortcut
  std::map<int, std::string> floor_name;
};

/// All runs of one model on one task of one experiment, in the order of their rows.
struct ModelRuns {
  // Its kind (transformer, gdn, hybrid) where no other model of the experiment is of that kind, else its name; what the sweep
  // varies in it where several specs have that name.
  std::string model;
  std::string pattern;  // one letter a block
  std::vector<MeasuredRun> runs;
  std::optional<std::size_t> selected;  // index into runs; empty when no run finished with evaluations
};

/// One sweep on one task: what one panel of a plot shows.
struct Experiment {
  std::string name, task;
  int hardest = 0;                // difficulty at which runs are selected and judged
  std::vector<int> difficulties;  // ascending, all that were evaluated on the report stream
  std::vector<ModelRuns> models;  // transformer, gdn, hybrid, then others by name
};

/// `a` is better than `b` by the paper's rule on stream select, at difficulties <= hardest from the hardest down.
bool better(const MeasuredRun& a, const MeasuredRun& b, int hardest);

/// Groups rows into experiments and selects, each judged at the difficulty that its rows name, else at the largest evaluated. Of
/// runs that tie everywhere the first is selected.  Throws Error when two rows claim the same (experiment, run, stream,
/// difficulty).
std::vector<Experiment> group(const std::vector<Row>& rows);

/// Runs that differ from the selected one in nothing that the sweep varies but the seed: the seeds of that setting.
std::vector<const MeasuredRun*> same_setting(const ModelRuns& model);
std::vector<const MeasuredRun*> all_runs(const ModelRuns& model);

/// How many of `runs` have accuracy >= 0.95 on the report stream at the difficulty; a run that did not finish counts as one that
/// has not.
Counts successes(const std::vector<const MeasuredRun*>& runs, int difficulty);
/// Sum of the counts of all runs at the difficulty (all runs count equally many examples, so this is the mean over runs).
Counts pooled(const std::vector<const MeasuredRun*>& runs, int difficulty);
/// Median of steps to solve over the runs that solved.
std::optional<std::int64_t> median_steps(const std::vector<const MeasuredRun*>& runs);
/// The best shortcut's counts at the difficulty, and its name: those of one run when all runs were asked the same examples, else
/// summed.
Counts floor_at(const Experiment& experiment, int difficulty);
std::string floor_name_at(const Experiment& experiment, int difficulty);

}  // namespace separatrix
