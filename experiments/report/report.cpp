// The report, put together.
#include "experiments/report/report.h"

#include <algorithm>
#include <map>
#include <set>

#include "experiments/harness/output.h"
#include "experiments/report/learning.h"
#include "experiments/report/limits_table.h"
#include "experiments/report/page.h"
#include "experiments/report/plots.h"
#include "experiments/report/reach_table.h"
#include "experiments/report/settings_table.h"
#include "experiments/report/tables.h"
#include "models/io/whole_file.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

namespace fs = std::filesystem;

std::string joined(const std::set<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

/// What was run, in sentences: everything that all rows know.
std::vector<std::string> facts(const std::vector<SweepResults>& sweeps, const std::vector<Row>& rows) {
  std::set<std::string> machines, commits, precisions, devices;
  std::string first = "9", last;
  std::map<std::string, double> seconds;
  for (const Row& row : rows) {
    if (row.machine.empty()) continue;  // crashed before it could say
    machines.insert(row.machine), commits.insert(row.commit), precisions.insert(row.precision), devices.insert(row.device);
    first = std::min(first, row.date), last = std::max(last, row.date);
    seconds[row.experiment + "/" + row.run] = row.seconds;
  }
  double total = 0;
  for (const auto& [run, time] : seconds) total += time;
  std::vector<std::string> out = {"Machine: " + joined(machines), "Commit: " + joined(commits),
                                  fmt::format("Runs finished from {} to {} (UTC)", first, last),
                                  fmt::format("{} training runs, {:.0f} seconds of training in all; {}, {}", seconds.size(), total,
                                              joined(devices), joined(precisions))};
  std::map<std::string, int> called;
  for (const SweepResults& sweep : sweeps) {
    out.push_back(fmt::format("Sweep {}: {} of {} runs finished", sweep.name, sweep.finished, sweep.planned));
    ++called[sweep.name];
  }
  for (const auto& [name, count] : called)
    if (count > 1)
      out.push_back(
          fmt::format("{} sweeps are called {}: their runs are shown as those of one experiment, whatever their settings; "
                      "give each its own name to tell them apart",
                      count, name));
  return out;
}

std::vector<LearningCurve> learning_curves(const std::vector<SweepResults>& sweeps, const std::vector<Experiment>& experiments) {
  std::vector<LearningCurve> curves;
  for (const Experiment& experiment : experiments)
    for (const SweepResults& sweep : sweeps) {
      if (sweep.name != experiment.name || sweep.directory.empty()) continue;
      for (const ModelRuns& model : experiment.models)
        for (std::size_t i = 0; i < model.runs.size(); ++i) {
          auto points = read_learning(sweep.directory / model.runs[i].settings.run / "metrics.jsonl");
          if (!points.empty()) curves.push_back({experiment.name, model.model, model.selected == i, std::move(points)});
        }
    }
  return curves;
}

bool several_rates(const std::vector<Experiment>& experiments) {
  for (const Experiment& experiment : experiments) {
    std::set<double> rates;
    for (const ModelRuns& model : experiment.models)
      for (const MeasuredRun& run : model.runs) rates.insert(run.settings.lr);
    if (rates.size() > 1) return true;
  }
  return false;
}

FigureOnPage add_figure(Page& page, const fs::path& out, const Figure& figure, const std::string& caption) {
  draw(figure, out);
  for (const char* kind : {".svg", ".png", ".pdf", ".gp"}) page.files.push_back(figure.name + kind);
  return FigureOnPage{figure.name, caption};
}

/// Draws the figures and lists them on the page.
void add_figures(Page& page, const std::vector<SweepResults>& sweeps, const std::vector<Experiment>& experiments,
                 const fs::path& out) {
  const auto add = [&](const Figure& figure, const std::string& caption) { return add_figure(page, out, figure, caption); };
  page.main_figure =
      add(separation_figure(experiments),
          "Accuracy of the selected run of each model on fresh examples, with 95 % Wilson intervals. Dashed: the "
          "best shortcut on the same "
          "examples. Open markers: the paper's numbers (Tables 15 to 17), of its own sizes and options of the task.");
  page.figures.push_back(add(every_run_figure(experiments), "Every run (thin) and the mean over runs (thick)."));
  if (several_rates(experiments))
    page.figures.push_back(add(learning_rate_figure(experiments),
                               "Accuracy at the hardest difficulty against learning rate: each run, and the mean."));
  if (const auto curves = learning_curves(sweeps, experiments); !curves.empty())
    page.figures.push_back(
        add(learning_figure(experiments, curves), "Training accuracy and the curriculum's difficulty during training."));
}

void write_table(Page& page, const Table& table, const fs::path& out) {
  write_whole(out / (table.file + ".md"), to_markdown(table));
  write_whole(out / (table.file + ".tex"), to_latex(table));
  page.files.push_back(table.file + ".md");
  page.files.push_back(table.file + ".tex");
}

void add_sections(Page& page, const std::vector<Experiment>& experiments, const fs::path& out) {
  for (const Experiment& experiment : experiments) {
    Section section{
        title_of(experiment.name), experiment.name, verdicts(experiment), {accuracy_table(experiment), runs_table(experiment)}};
    for (const Table& table : section.tables) write_table(page, table, out);
    const std::string csv = section.tables[0].file + ".csv";
    write_whole(out / csv, accuracy_csv(experiment));
    page.files.push_back(csv);
    page.sections.push_back(std::move(section));
  }
}

/// What a file of the folder holds, as a table and, where there is anything to draw, as a figure.
void add_measured(Page& page, const fs::path& out, const std::string& file, Table table, const Figure& figure,
                  const std::string& caption) {
  write_table(page, table, out);
  page.reach.push_back(std::move(table));
  if (std::ranges::any_of(figure.panels, [](const Panel& panel) { return !panel.curves.empty(); }))
    page.figures.push_back(add_figure(page, out, figure, caption));
  page.files.push_back(file);
}

nlohmann::ordered_json read_statements(const fs::path& path) {
  const auto json = nlohmann::ordered_json::parse(read_whole(path), nullptr, false);
  if (!json.is_object() || !json.contains("statements") || !json["statements"].is_array())
    fail("{}: not what `separatrix verify --json` prints; remove it, or write it again", path.string());
  return json["statements"];
}

/// What `verify` and `reach` left in the folder.
void add_checks(Page& page, const fs::path& out) {
  if (fs::exists(out / "verify.json")) {
    page.statements = read_statements(out / "verify.json");
    page.files.push_back("verify.json");
  }
  if (fs::exists(out / "reach.csv")) {
    const std::vector<Reach> reaches = reach_from_csv(read_whole(out / "reach.csv"), "reach.csv");
    add_measured(page, out, "reach.csv", reach_table(reaches), reach_figure(reaches),
                 "Constructions that fail in some arithmetic: how far they are right in each; an arrow: as far as was tried.");
  }
  if (fs::exists(out / "limits.csv")) {
    const std::vector<Limit> limits = limits_from_csv(read_whole(out / "limits.csv"), "limits.csv");
    add_measured(page, out, "limits.csv", limits_table(limits), limits_figure(limits),
                 "Where arithmetic ends steps and scores: points are measured, lines are the law.");
  }
}

/// Tables and figures of an earlier report in the folder that this one does not have would stand beside its page: the names of what
/// a report wrote are in files.json, and those that are not written again are removed.  Nothing else is touched.
void replace_earlier(const fs::path& out, std::vector<std::string> files) {
  const std::set<std::string> given = {"verify.json", "reach.csv", "limits.csv"};  // `verify` and `reach` wrote them
  std::erase_if(files, [&](const std::string& name) { return given.contains(name); });
  const fs::path list = out / "files.json";
  if (fs::exists(list)) {
    const auto earlier = nlohmann::json::parse(read_whole(list), nullptr, false);
    if (!earlier.is_array()) fail("{}: not the list of files that a report writes; remove it", list.string());
    for (const auto& name : earlier) {
      const bool plain = name.is_string() && fs::path(name.get<std::string>()).filename() == name.get<std::string>();
      if (!plain) fail("{}: {} is not a file of a report; remove the list", list.string(), name.dump());
      if (std::ranges::find(files, name.get<std::string>()) == files.end() && !given.contains(name.get<std::string>()))
        fs::remove(out / name.get<std::string>());
    }
  }
  write_whole(list, nlohmann::json(files).dump(1) + "\n");
}

}  // namespace

void write_report(const std::vector<fs::path>& paths, const fs::path& out) {
  std::vector<SweepResults> sweeps;
  std::vector<Row> rows;
  for (const fs::path& path : paths) {
    sweeps.push_back(read_sweep(path));
    const SweepResults& sweep = sweeps.back();
    rows.insert(rows.end(), sweep.rows.begin(), sweep.rows.end());
  }
  if (rows.empty()) {
    std::vector<std::string> names;
    for (const fs::path& path : paths) names.push_back(path.string());
    fail("no finished run in {}; let the sweep finish at least one run first", fmt::join(names, ", "));
  }
  const std::vector<Experiment> experiments = group(rows);
  make_output_folder("--out", out.string());
  Page page;
  write_whole(out / "results.csv", to_csv(rows));
  page.files.push_back("results.csv");
  page.facts = facts(sweeps, rows);
  add_sections(page, experiments, out);
  add_figures(page, sweeps, experiments, out);
  std::set<std::string> tables;
  for (const SweepResults& sweep : sweeps)
    if (auto table = settings_table(sweep)) {
      const std::string file = table->file;
      for (int i = 2; !tables.insert(table->file).second; ++i) table->file = fmt::format("{}_{}", file, i);
      write_table(page, *table, out);
      page.settings.push_back(std::move(*table));
    }
  add_checks(page, out);
  replace_earlier(out, page.files);
  write_whole(out / "index.html", to_html(page, out));
}

}  // namespace separatrix
