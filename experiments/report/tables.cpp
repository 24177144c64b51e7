// Experiments to tables.  An accuracy always stands with its counts, its interval and its floor.
#include "experiments/report/tables.h"

#include <set>

#include "experiments/report/csv.h"
#include "experiments/report/figure.h"
#include "experiments/report/published.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

Cell accuracy_cell(const Counts& counts) {
  if (counts.counted == 0) return {"–", ""};
  const Interval interval = wilson(counts);
  return {fmt::format("{:.3f}", counts.accuracy()),
          fmt::format("{}/{} [{:.3f}, {:.3f}]", counts.correct, counts.counted, interval.low, interval.high)};
}

/// The selected run's counts at a difficulty; nothing counted when there are none.
Counts selected_counts(const ModelRuns& model, int difficulty) {
  if (!model.selected) return {};
  const auto& report = model.runs[*model.selected].report;
  const auto at = report.find(difficulty);
  return at == report.end() ? Counts{} : at->second;
}

std::string named(const ModelRuns& model) {
  const std::string label = label_of(model.model);
  return model.pattern.empty() || model.model.starts_with(model.pattern) ? label : fmt::format("{} {}", label, model.pattern);
}

/// "6 done, 1 diverged"
std::string endings(const ModelRuns& model) {
  std::map<std::string, int> counts;
  for (const MeasuredRun& run : model.runs) ++counts[run.settings.status];
  std::string text;
  for (const auto& [status, count] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, status);
  return text;
}

Cell success_cell(const Counts& counts) {
  if (counts.counted == 0) return {"none", ""};
  const Interval interval = wilson(counts);
  return {fmt::format("{} of {}", counts.correct, counts.counted), fmt::format("[{:.2f}, {:.2f}]", interval.low, interval.high)};
}

}  // namespace

Table accuracy_table(const Experiment& experiment) {
  const int number = table_of(experiment.task);
  Table table;
  table.file = (number ? fmt::format("table_{}_", number) : "table_") + experiment.name;
  table.title =
      fmt::format("{} accuracy{}", title_of(experiment.task), number ? fmt::format(", beside the paper's Table {}", number) : "");
  table.header = {difficulty_symbol(experiment.task), "best shortcut"};
  for (const ModelRuns& model : experiment.models) {
    table.header.push_back(named(model));
    if (number) table.header.push_back("paper");
  }
  std::set<int> difficulties(experiment.difficulties.begin(), experiment.difficulties.end());
  for (const Published& p : published())
    if (p.task == experiment.task) difficulties.insert(p.difficulty);
  for (const int n : difficulties) {
    const Counts floor = floor_at(experiment, n);
    std::vector<Cell> row = {{fmt::format("{}", n), ""}, {"–", ""}};
    if (floor.counted > 0)
      row[1] = {fmt::format("{:.3f}", floor.accuracy()),
                fmt::format("{}/{} {}", floor.correct, floor.counted, floor_name_at(experiment, n))};
    for (const ModelRuns& model : experiment.models) {
      row.push_back(accuracy_cell(selected_counts(model, n)));
      if (!number) continue;
      const Published* paper = find_published(experiment.task, model.model, n);
      row.push_back(paper ? Cell{fmt::format("{:.3f}", std::stod(paper->accuracy)), fmt::format("of {}", paper->counted)}
                          : Cell{"–", ""});
    }
    table.rows.push_back(std::move(row));
  }
  table.notes.push_back(fmt::format(
      "Of each model the run that was best at {} = {} on its selection examples, shown on fresh examples; 95 % Wilson intervals. "
      "The shortcut is the best of the task's on the same examples.",
      difficulty_symbol(experiment.task), experiment.hardest));
  if (number)
    table.notes.push_back(
        fmt::format("The paper's numbers are of its own task, models and training, as far as it states them: "
                    "experiments/paper/{}.toml. A sweep "
                    "with other options ([task] and [model] of its file) is not of the same task at the same {}.",
                    experiment.task, difficulty_symbol(experiment.task)));
  return table;
}

std::string accuracy_csv(const Experiment& experiment) {
  std::string text =
      "task,model,pattern,run,difficulty,correct,counted,low,high,floor_name,floor_correct,floor_counted,paper_accuracy,paper_"
      "counted\n";
  for (const ModelRuns& model : experiment.models)
    for (const int n : experiment.difficulties) {
      const Counts counts = selected_counts(model, n), floor = floor_at(experiment, n);
      if (counts.counted == 0) continue;
      const Interval interval = wilson(counts);
      const Published* paper = find_published(experiment.task, model.model, n);
      const auto number = [](auto value) { return fmt::format("{}", value); };
      text += csv_line({experiment.task, model.model, model.pattern, model.runs[*model.selected].settings.run, number(n),
                        number(counts.correct), number(counts.counted), fmt::format("{:.6f}", interval.low),
                        fmt::format("{:.6f}", interval.high), floor_name_at(experiment, n), number(floor.correct),
                        number(floor.counted), paper ? paper->accuracy : "", paper ? number(paper->counted) : ""}) +
              "\n";
    }
  return text;
}

Table runs_table(const Experiment& experiment) {
  Table table;
  table.file = "runs_" + experiment.name;
  table.title =
      fmt::format("{}: all runs at {} = {}", title_of(experiment.task), difficulty_symbol(experiment.task), experiment.hardest);
  table.header = {"model",
                  "runs",
                  "selected run",
                  "mean over runs",
                  "solved, all runs",
                  "solved, seeds of the selected setting",
                  "median steps to solve"};
  for (const ModelRuns& model : experiment.models) {
    const auto all = all_runs(model), seeds = same_setting(model);
    Cell selected = {"none finished", ""};
    if (model.selected) {
      const Row& row = model.runs[*model.selected].settings;
      selected = {row.run, fmt::format("lr {}, {}, seed {}", row.lr, row.schedule, row.seed)};
    }
    const auto steps = median_steps(all);
    table.rows.push_back({{named(model), ""},
                          {fmt::format("{}", model.runs.size()), endings(model)},
                          selected,
                          accuracy_cell(pooled(all, experiment.hardest)),
                          success_cell(successes(all, experiment.hardest)),
                          success_cell(successes(seeds, experiment.hardest)),
                          {steps ? fmt::format("{}", *steps) : "never", ""}});
  }
  table.notes.push_back(
      "Solved: accuracy >= 0.95 on the reported examples; the interval is Wilson's for the fraction of runs. Steps to solve: when "
      "the last level of "
      "the curriculum passed, over the runs in which it did.");
  return table;
}

}  // namespace separatrix
