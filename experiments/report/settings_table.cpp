// The run's complete config against that of the same model in the paper's sweep.
#include "experiments/report/settings_table.h"

#include <map>
#include <set>

#include "experiments/harness/config.h"
#include "experiments/harness/paths.h"
#include "experiments/harness/sweep_file.h"
#include "experiments/report/figure.h"
#include "tasks/task.h"

namespace separatrix {
namespace {

namespace fs = std::filesystem;
/// Shorter first, so that 3 stands before 10.
struct ByLength {
  bool operator()(const std::string& a, const std::string& b) const { return std::pair(a.size(), a) < std::pair(b.size(), b); }
};
using Values = std::map<std::string, std::set<std::string, ByLength>>;

/// Which values each key takes over the runs.
void add(Values& values, const RunConfig& config) {
  for (const ConfigKey& key : config_entries(config)) values[key.name].insert(key.value);
}

std::string shown(const Values& values, const std::string& key) {
  const auto at = values.find(key);
  if (at == values.end()) return "(default)";
  if (at->second.size() > 8) return fmt::format("{} values", at->second.size());
  return fmt::format("{}", fmt::join(at->second, " | "));
}

/// Settings that leave the result alone, or that follow from another one (the preset from the pattern).
bool is_incidental(const std::string& key) {
  return key == "train.threads" || key == "train.log_every" || key == "train.checkpoint_every" || key == "train.device" ||
         key == "model.preset";
}

/// What the runs of a sweep were set to, from their own complete configs.
Values values_of(const SweepResults& sweep) {
  Values here;
  for (const auto& run : sweep.description.at("runs"))
    if (const fs::path config = sweep.directory / run.at("name").get<std::string>() / "config.toml"; fs::exists(config))
      add(here, load_config(config));
  return here;
}

/// What every key is where a config says nothing but the task.
Values defaults(const std::string& task) {
  RunConfig config;
  config.task.name = task;
  for (const TaskOption& option : make_task(task)->options()) config.task.options[option.name] = option.value;
  Values values;
  add(values, config);
  return values;
}

}  // namespace

std::optional<Table> settings_table(const SweepResults& sweep) {
  if (sweep.directory.empty() || sweep.rows.empty()) return std::nullopt;
  Values here = values_of(sweep), other;
  if (here.empty()) return std::nullopt;
  const fs::path paper_file = experiments_dir() / "paper" / (sweep.rows[0].task + ".toml");
  const bool paper = fs::exists(paper_file);
  if (paper)
    for (const PlannedRun& run : plan(load_sweep(paper_file))) add(other, run.config);
  else
    other = defaults(sweep.rows[0].task);
  Table table;
  table.file = "settings_" + sweep.name;
  table.title = fmt::format("{}: settings that differ from the {}", title_of(sweep.name), paper ? "paper's" : "defaults");
  table.header = {"setting", paper ? "paper" : "default", "here"};
  const auto same = [&](const std::string& key) {
    const auto a = here.find(key), b = other.find(key);
    return a != here.end() && b != other.end() && a->second == b->second;
  };
  for (const auto& [key, values] : paper ? other : here)
    if (!is_incidental(key) && !same(key)) table.rows.push_back({{key, ""}, {shown(other, key), ""}, {shown(here, key), ""}});
  if (table.rows.empty()) table.notes.push_back("No setting differs.");
  if (!paper) return table;
  if (!table.rows.empty())
    table.notes.push_back(
        "Numbers of this report and of the paper therefore belong to different sizes of model, data and training; what is compared "
        "is which models solve which task.");
  table.notes.push_back("What the paper leaves unstated has the value of experiments/paper/*.toml.");
  return table;
}

}  // namespace separatrix
