// run.json to rows.  The floor of a row is the best shortcut on the very examples the model was asked.
#include "experiments/report/collect.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "models/io/json_reason.h"
#include "models/io/whole_file.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

Json read_json(const fs::path& path) {
  Json json = Json::parse(read_whole(path), nullptr, false);
  if (!json.is_object()) fail("{}: damaged; move the folder away and run the sweep again", path.string());
  return json;
}

/// When the file was written, as ISO 8601 in UTC.
std::string date_of(const fs::path& path) {
  const auto written = std::chrono::file_clock::to_sys(fs::last_write_time(path));
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(written)));
}

/// The step at which the hardest level was solved; -1 when it was not.
std::int64_t steps_to_solve(const Json& run) {
  if (!run.value("solved", false)) return -1;
  int hardest = -1;
  std::int64_t step = -1;
  for (const auto& [difficulty, at] : run.at("steps_to_solve").items())
    if (std::stoi(difficulty) > hardest) hardest = std::stoi(difficulty), step = at.get<std::int64_t>();
  return step;
}

Row settings_of(const Json& run) {
  Row row;
  row.task = run.at("task"), row.model = run.at("model"), row.kind = run.value("kind", ""), row.pattern = run.value("pattern", "");
  row.spec_hash = run.at("spec_hash"), row.number_type = "float", row.device = run.at("device"),
  row.precision = run.at("precision"), row.isa = run.value("isa", "");
  row.seed = run.at("seed"), row.lr = run.at("lr"), row.schedule = run.at("schedule");
  row.steps = run.at("steps"), row.steps_to_solve = steps_to_solve(run), row.status = run.at("status");
  row.seconds = run.value("seconds", 0.0), row.commit = run.at("commit"), row.machine = run.at("machine");
  return row;
}

/// The row of a run that crashed, from what sweep.json says of it.
Row crashed(const Json& run, const std::string& experiment) {
  Row row;
  row.experiment = experiment, row.run = run.at("name"), row.task = run.at("task"), row.model = run.at("model"),
  row.kind = run.at("kind");
  row.pattern = run.at("pattern"), row.seed = run.at("seed"), row.lr = run.at("lr"), row.schedule = run.at("schedule");
  row.stream = "none", row.status = "crashed";
  return row;
}

void add_evaluation(std::vector<Row>& rows, Row row, const Json& evaluation) {
  row.stream = evaluation.at("stream"), row.difficulty = evaluation.at("difficulty");
  row.correct = evaluation.at("correct"), row.counted = evaluation.at("counted");
  if (row.counted == 0) return;
  for (const auto& [name, right] : evaluation.at("floors").items()) {
    if (row.floor_counted > 0 && right.get<std::int64_t>() <= row.floor_correct) continue;
    row.floor_name = name, row.floor_correct = right, row.floor_counted = row.counted;
  }
  rows.push_back(std::move(row));
}

/// The list of runs of a sweep.json, each with its name.
const Json& runs_of(const Json& sweep, const fs::path& path) {
  const auto runs = sweep.find("runs");
  const auto named = [](const Json& run) { return run.is_object() && run.contains("name") && run["name"].is_string(); };
  if (runs == sweep.end() || !runs->is_array() || !std::all_of(runs->begin(), runs->end(), named))
    fail("{}/sweep.json: no list of runs; give what `separatrix sweep --out` made", path.string());
  return *runs;
}

}  // namespace

std::vector<Row> rows_of_run(const fs::path& run_directory, const std::string& experiment) {
  const fs::path path = run_directory / "run.json";
  if (!fs::exists(path)) return {};
  const Json run = read_json(path);
  std::vector<Row> rows;
  try {
    Row row = settings_of(run);
    row.experiment = experiment, row.run = run_directory.filename().string(), row.date = date_of(path);
    if (row.status != "done" && row.status != "diverged") return {};
    for (const Json& evaluation : run.at("evaluations")) add_evaluation(rows, row, evaluation);
    if (!rows.empty()) return rows;
    row.stream = "none";
    return {row};
  } catch (const Json::exception& error) {
    fail("{}: damaged: {}; move the folder away and run the sweep again", path.string(), json_reason(error));
  } catch (const std::logic_error& error) {  // stoll
    fail("{}: damaged: {}; move the folder away and run the sweep again", path.string(), json_reason(error));
  }
}

SweepResults read_sweep(const fs::path& path) {
  SweepResults sweep;
  if (fs::is_regular_file(path)) {
    sweep.rows = rows_from_csv(read_whole(path), path.string());
    sweep.name = sweep.rows.empty() ? path.stem().string() : sweep.rows[0].experiment;
    std::set<std::string> runs;
    for (const Row& row : sweep.rows) runs.insert(row.experiment + "/" + row.run);
    sweep.planned = sweep.finished = static_cast<int>(runs.size());
    return sweep;
  }
  if (!fs::exists(path / "sweep.json"))
    fail("{} is no sweep directory (it has no sweep.json) and no CSV of rows; give what `separatrix sweep --out` made",
         path.string());
  sweep.directory = path;
  sweep.description = read_json(path / "sweep.json");
  sweep.name = sweep.description.value("name", path.filename().string());
  for (const Json& run : runs_of(sweep.description, path)) {
    ++sweep.planned;
    std::vector<Row> rows = rows_of_run(path / run.at("name").get<std::string>(), sweep.name);
    if (rows.empty() && run.value("status", "") == "crashed") rows.push_back(crashed(run, sweep.name));
    for (Row& row : rows) row.hardest = sweep.description.value("hardest", -1);
    sweep.finished += !rows.empty();
    sweep.rows.insert(sweep.rows.end(), rows.begin(), rows.end());
  }
  return sweep;
}

}  // namespace separatrix
