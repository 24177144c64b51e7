// Rows grouped into runs, runs into models, models into experiments; the paper's selection rule.
#include "experiments/report/selection.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "tasks/error.h"

namespace separatrix {
namespace {

/// The order in which models are shown.
std::size_t rank_of(const std::string& model) {
  static const std::array<std::string, 3> order = {"transformer", "gdn", "hybrid"};
  return static_cast<std::size_t>(std::find(order.begin(), order.end(), model) - order.begin());
}

template <class Items, class Matches, class Make>
auto& find_or_add(Items& items, Matches matches, Make make) {
  const auto found = std::find_if(items.begin(), items.end(), matches);
  if (found != items.end()) return *found;
  items.push_back(make());
  return items.back();
}

void add(MeasuredRun& run, const Row& row) {
  if (row.stream == "none") return;
  if (row.stream != "select" && row.stream != "report")
    fail("run {}: unknown stream '{}'; wanted select, report or none", row.run, row.stream);
  auto& counts = row.stream == "select" ? run.select : run.report;
  if (!counts.emplace(row.difficulty, row.counts()).second)
    fail("experiment {}: two rows for run {}, stream {}, difficulty {}; give each sweep its own name", row.experiment, row.run,
         row.stream, row.difficulty);
  if (row.stream == "report" && row.floor_counted > 0) {
    run.floor[row.difficulty] = row.floor();
    run.floor_name[row.difficulty] = row.floor_name;
  }
}

/// Names models by their kind where that says which one is meant.
void name_by_kind(Experiment& experiment) {
  std::map<std::string, int> of_kind;
  for (const ModelRuns& model : experiment.models) ++of_kind[model.runs[0].settings.kind];
  for (ModelRuns& model : experiment.models)
    if (const std::string kind = model.runs[0].settings.kind; !kind.empty() && of_kind[kind] == 1) model.model = kind;
}

/// What a sweep varies in a run, from its name: the parts between '-'.
std::vector<std::string> parts_of(const std::string& run) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= run.size();) {
    const std::size_t end = std::min(run.find('-', begin), run.size());
    parts.push_back(run.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

/// Whether the row is of this model: one name may stand for several, if a sweep varies their settings.  A run that crashed before
/// it could say which one it is of goes to the first of its name.
bool is_of(const ModelRuns& model, const Row& row) {
  const auto& hash = row.spec_hash;
  return model.model == row.model && (hash.empty() || std::all_of(model.runs.begin(), model.runs.end(), [&](const MeasuredRun& r) {
                                        return r.settings.spec_hash.empty() || r.settings.spec_hash == hash;
                                      }));
}

/// The parts that all runs of the model have.
std::vector<std::string> common_parts(const ModelRuns& model) {
  std::vector<std::string> common = parts_of(model.runs[0].settings.run);
  for (const MeasuredRun& run : model.runs) {
    const std::vector<std::string> parts = parts_of(run.settings.run);
    std::erase_if(common, [&](const std::string& part) { return std::find(parts.begin(), parts.end(), part) == parts.end(); });
  }
  return common;
}

/// Different models of one name are called by what their runs have in common beyond it, or by their spec.
void name_apart(Experiment& experiment) {
  std::map<std::string, std::vector<ModelRuns*>> of_name;
  for (ModelRuns& model : experiment.models) of_name[model.model].push_back(&model);
  for (const auto& [name, models] : of_name) {
    if (models.size() < 2) continue;
    std::map<std::string, std::size_t> shared;
    for (const ModelRuns* model : models)
      for (const std::string& part : common_parts(*model)) ++shared[part];
    for (ModelRuns* model : models) {
      std::string own;
      for (const std::string& part : common_parts(*model))
        if (shared[part] < models.size()) own += " " + part;
      model->model += own.empty() ? " " + model->runs[0].settings.spec_hash.substr(0, 6) : own;
    }
  }
}

void select(Experiment& experiment) {
  for (ModelRuns& model : experiment.models)
    for (std::size_t i = 0; i < model.runs.size(); ++i) {
      if (model.runs[i].report.empty()) continue;
      if (!model.selected || better(model.runs[i], model.runs[*model.selected], experiment.hardest)) model.selected = i;
    }
}

}  // namespace

bool better(const MeasuredRun& a, const MeasuredRun& b, int hardest) {
  std::set<int, std::greater<>> difficulties;
  for (const MeasuredRun* run : {&a, &b})
    for (const auto& [n, counts] : run->select)
      if (n <= hardest) difficulties.insert(n);
  for (const int n : difficulties) {
    const auto in_a = a.select.find(n), in_b = b.select.find(n);
    if (in_a == a.select.end() || in_b == b.select.end()) return in_a != a.select.end();  // a run that was not measured there loses
    if (const int sign = compare(in_a->second, in_b->second); sign != 0) return sign > 0;
  }
  return false;
}

namespace {

/// What the rows of an experiment say of it; -1: nothing.
int hardest_said(const std::vector<Row>& rows, const std::string& experiment) {
  int said = -1;
  for (const Row& row : rows)
    if (row.experiment == experiment) said = std::max(said, row.hardest);
  return said;
}

}  // namespace

std::vector<Experiment> group(const std::vector<Row>& rows) {
  std::vector<Experiment> experiments;
  for (const Row& row : rows) {
    Experiment& experiment = find_or_add(
        experiments, [&](const Experiment& e) { return e.name == row.experiment && e.task == row.task; },
        [&] {
          return Experiment{row.experiment, row.task, 0, {}, {}};
        });
    ModelRuns& model = find_or_add(
        experiment.models, [&](const ModelRuns& m) { return is_of(m, row); },
        [&] {
          return ModelRuns{row.model, row.pattern, {}, {}};
        });
    MeasuredRun& run = find_or_add(
        model.runs, [&](const MeasuredRun& r) { return r.settings.run == row.run; },
        [&] {
          return MeasuredRun{row, {}, {}, {}, {}};
        });
    add(run, row);
  }
  for (Experiment& experiment : experiments) {
    std::set<int> difficulties;
    for (const ModelRuns& model : experiment.models)
      for (const MeasuredRun& run : model.runs)
        for (const auto& [n, counts] : run.report) difficulties.insert(n);
    experiment.difficulties.assign(difficulties.begin(), difficulties.end());
    if (const int said = hardest_said(rows, experiment.name); said >= 0)
      experiment.hardest = said;
    else if (!difficulties.empty())
      experiment.hardest = *difficulties.rbegin();
    name_by_kind(experiment);
    name_apart(experiment);
    std::stable_sort(experiment.models.begin(), experiment.models.end(), [](const ModelRuns& a, const ModelRuns& b) {
      return std::pair(rank_of(a.model), a.model) < std::pair(rank_of(b.model), b.model);
    });
    select(experiment);
  }
  return experiments;
}

namespace {

/// A run is named by all that its sweep varies (PlannedRun::name): what is left without the seed is its setting.
std::string setting_of(const Row& row) {
  const std::string seed = fmt::format("seed{}", row.seed);
  std::string setting;
  for (const std::string& part : parts_of(row.run))
    if (part != seed) setting += part + "-";
  return setting;
}

}  // namespace

std::vector<const MeasuredRun*> same_setting(const ModelRuns& model) {
  std::vector<const MeasuredRun*> runs;
  if (!model.selected) return runs;
  const std::string chosen = setting_of(model.runs[*model.selected].settings);
  for (const MeasuredRun& run : model.runs)
    if (setting_of(run.settings) == chosen) runs.push_back(&run);
  return runs;
}

std::vector<const MeasuredRun*> all_runs(const ModelRuns& model) {
  std::vector<const MeasuredRun*> runs;
  for (const MeasuredRun& run : model.runs) runs.push_back(&run);
  return runs;
}

Counts successes(const std::vector<const MeasuredRun*>& runs, int difficulty) {
  Counts counts;
  for (const MeasuredRun* run : runs) {
    const auto at = run->report.find(difficulty);
    counts += {at != run->report.end() && at->second.at_least(95, 100), 1};
  }
  return counts;
}

Counts pooled(const std::vector<const MeasuredRun*>& runs, int difficulty) {
  Counts counts;
  for (const MeasuredRun* run : runs)
    if (const auto at = run->report.find(difficulty); at != run->report.end()) counts += at->second;
  return counts;
}

std::optional<std::int64_t> median_steps(const std::vector<const MeasuredRun*>& runs) {
  std::vector<std::int64_t> steps;
  for (const MeasuredRun* run : runs)
    if (run->settings.steps_to_solve >= 0) steps.push_back(run->settings.steps_to_solve);
  return lower_median(steps);
}

Counts floor_at(const Experiment& experiment, int difficulty) {
  std::vector<Counts> floors;
  for (const ModelRuns& model : experiment.models)
    for (const MeasuredRun& run : model.runs)
      if (const auto at = run.floor.find(difficulty); at != run.floor.end()) floors.push_back(at->second);
  // Runs of one sweep are asked the same examples: those are counted once.
  if (std::adjacent_find(floors.begin(), floors.end(), std::not_equal_to<>()) == floors.end())
    return floors.empty() ? Counts{} : floors[0];
  Counts sum;
  for (const Counts& counts : floors) sum += counts;
  return sum;
}

std::string floor_name_at(const Experiment& experiment, int difficulty) {
  std::map<std::string, int> votes;
  for (const ModelRuns& model : experiment.models)
    for (const MeasuredRun& run : model.runs)
      if (const auto at = run.floor_name.find(difficulty); at != run.floor_name.end()) ++votes[at->second];
  const auto most = std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == votes.end() ? "" : most->first;
}

}  // namespace separatrix
