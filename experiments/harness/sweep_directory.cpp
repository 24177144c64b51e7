// sweep.json and results.csv, and the questions a sweep asks its run directories.
#include "experiments/harness/sweep_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "experiments/harness/run_directory.h"
#include "experiments/report/collect.h"
#include "models/io/whole_file.h"

namespace separatrix {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// Settings that change neither training nor its evaluation.
bool is_incidental(const std::string& key) {
  return key == "train.threads" || key == "train.log_every" || key == "train.checkpoint_every";
}

/// Fails when a finished run in `directory` was made with other settings than planned now.
void check_same(const PlannedRun& run, const fs::path& directory) {
  std::map<std::string, std::string> before;
  for (const ConfigKey& key : config_entries(load_config(directory / "config.toml"))) before[key.name] = key.value;
  for (const ConfigKey& key : config_entries(run.config)) {
    const auto was = before.find(key.name);
    if (is_incidental(key.name) || (was != before.end() && was->second == key.value)) continue;
    fail("{}: the finished run there has {} = {}, not {}; choose another --out, or remove that folder to run it again",
         directory.string(), key.name, was == before.end() ? "nothing" : was->second, key.value);
  }
}

/// A TOML value of the config as JSON; most are the same text in both.
Json json_value(const std::string& toml) {
  Json value = Json::parse(toml, nullptr, false);
  return value.is_discarded() ? Json(toml) : value;
}

}  // namespace

SweepDirectory::SweepDirectory(const SweepFile& sweep, const std::vector<PlannedRun>& runs, fs::path path)
    : sweep_(sweep), runs_(runs), path_(std::move(path)), states_(runs.size()) {
  std::error_code error;
  fs::create_directories(path_, error);
  lock_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_ < 0) fail("cannot make the folder {} ({})", path_.string(), error ? error.message() : std::strerror(errno));
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock_);
    fail("{}: another sweep is at work there; wait for it, or choose another --out", path_.string());
  }
  check_no_other_runs();
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    const std::string status = recorded(i);
    if (status != "done" && status != "diverged") continue;
    check_same(runs_[i], run(i));
    states_[i].status = status;
  }
  write_whole(base(), sweep_.base);
  write_description();
  write_results();
}

/// results.csv holds the runs of the sweep alone: finished runs of another one would drop out of it.
void SweepDirectory::check_no_other_runs() const {
  if (fs::exists(path_ / "run.json")) fail("{} is the folder of a single run; choose another --out", path_.string());
  std::set<std::string> planned;
  for (const PlannedRun& run : runs_) planned.insert(run.name);
  for (const fs::directory_entry& entry : fs::directory_iterator(path_))
    if (const std::string name = entry.path().filename().string(); fs::exists(entry.path() / "run.json") && !planned.contains(name))
      fail("{} holds the run {}, which {} does not have; choose another --out, or move that run away", path_.string(), name,
           sweep_.origin);
}

SweepDirectory::~SweepDirectory() {
  ::close(lock_);
}

void SweepDirectory::set_state(std::size_t i, RunState state) {
  states_[i] = std::move(state);
  write_description();
  if (states_[i].status != "running" && states_[i].status != "pending") write_results();
}

std::string SweepDirectory::recorded(std::size_t i) const {
  return run_status(run(i).string());
}

double SweepDirectory::fraction(std::size_t i) const {
  const std::string& status = states_[i].status;
  if (status == "done" || status == "diverged" || status == "crashed") return 1;
  std::ifstream metrics(run(i) / "metrics.jsonl", std::ios::ate);
  if (!metrics) return 0;
  // The last whole lines say how far the run is.
  const std::streamoff size = metrics.tellg();
  metrics.seekg(std::max<std::streamoff>(0, size - 4096));
  double step = 0;
  for (std::string line; std::getline(metrics, line);) {
    const Json json = Json::parse(line, nullptr, false);
    if (json.is_object()) step = json.value("step", step);
  }
  return runs_[i].config.train.steps > 0 ? std::min(1.0, step / static_cast<double>(runs_[i].config.train.steps)) : 0;
}

void SweepDirectory::write_description() const {
  Json json;
  json["name"] = sweep_.name;
  if (sweep_.hardest) json["hardest"] = *sweep_.hardest;
  json["file"] = fs::path(sweep_.origin).filename().string();
  json["runs"] = Json::array();
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    const RunConfig& config = runs_[i].config;
    Json run;
    run["name"] = runs_[i].name;
    run["status"] = states_[i].status;
    if (!states_[i].why.empty()) run["why"] = states_[i].why;
    run["task"] = config.task.name;
    run["model"] = model_name(config);
    run["kind"] = model_kind(config.model.options.pattern);
    run["pattern"] = config.model.options.pattern;
    run["seed"] = config.train.seed;
    run["lr"] = config.train.lr;
    run["schedule"] = config.train.schedule;
    run["settings"] = Json::object();
    for (const auto& [key, value] : runs_[i].settings) run["settings"][key] = json_value(value);
    json["runs"].push_back(std::move(run));
  }
  write_whole(path_ / "sweep.json", json.dump(1) + "\n");
}

void SweepDirectory::write_results() const {
  write_whole(path_ / "results.csv", to_csv(read_sweep(path_).rows));
}

}  // namespace separatrix
