#include "experiments/harness/record.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "experiments/harness/machine.h"
#include "models/io/whole_file.h"

namespace separatrix {

Json to_json(const Tally& t) {
  Json floors = Json::object(), flags = Json::object();
  for (const ShortcutTally& s : t.shortcuts) {
    floors[s.name] = s.right;
    flags[s.name] = {{"correct", s.correct}, {"counted", s.counted}};
  }
  return {{"stream", t.stream},
          {"difficulty", t.difficulty},
          {"correct", t.correct},
          {"counted", t.counted},
          {"answers", {{"correct", t.answers_correct}, {"counted", t.answers_counted}}},
          {"floors", floors},
          {"flags", flags}};
}

namespace {

Json steps_json(const std::map<int, std::int64_t>& steps) {
  Json json = Json::object();
  for (const auto& [difficulty, step] : steps) json[std::to_string(difficulty)] = step;
  return json;
}

}  // namespace

Json run_record(const RunConfig& config, const Spec& spec, const TrainingState& state, const std::string& status,
                const std::string& reason, const std::vector<Tally>& evaluations) {
  Json json;
  json["status"] = status;
  if (!reason.empty()) json["reason"] = reason;
  json["task"] = config.task.name;
  json["task_options"] = config.task.options;
  json["model"] = model_name(config);
  json["kind"] = model_kind(config.model.options.pattern);
  json["pattern"] = config.model.options.pattern;
  json["parameters"] = parameter_count(spec);
  json["spec_hash"] = spec_hash(spec);
  json["spec"] = Json::parse(to_text(spec));
  json["seed"] = config.train.seed;
  json["lr"] = config.train.lr;
  json["schedule"] = config.train.schedule;
  json["batch"] = config.train.batch;
  json["steps"] = state.step;
  json["planned_steps"] = config.train.steps;
  json["tokens"] = state.tokens;
  json["seconds"] = state.seconds;
  json["tokens_per_second"] = state.seconds > 0 ? static_cast<double>(state.tokens) / state.seconds : 0.0;
  json["solved"] = state.curriculum.solved;
  json["steps_to_solve"] = steps_json(state.curriculum.solved_at);
  json["forced_at"] = steps_json(state.curriculum.forced_at);
  json["commit"] = state.platform.commit;
  json["compiler"] = program_compiler();
  json["machine"] = cpu_model();
  json["device"] = state.platform.device;
  json["isa"] = state.platform.isa;
  json["precision"] = state.platform.precision;
  json["threads"] = state.platform.threads;
  json["notes"] = state.notes;
  json["evaluations"] = Json::array();
  for (const Tally& tally : evaluations) json["evaluations"].push_back(to_json(tally));
  return json;
}

Metrics::Metrics(const std::string& path, std::int64_t step) : path_(path) {
  std::string kept;
  if (std::filesystem::exists(path)) {
    std::istringstream lines(read_whole(path));
    for (std::string line; std::getline(lines, line);) {
      const Json json = Json::parse(line, nullptr, false);  // a killed run may leave half a line
      if (json.is_object() && json.value("step", std::int64_t{0}) <= step) kept += line + "\n";
    }
  }
  write_whole(path, kept);
  file_.reset(std::fopen(path.c_str(), "ae"));
  if (!file_) fail("cannot write {}: {}", path, std::strerror(errno));
}

void Metrics::write(const Json& line) {
  const std::string text = line.dump() + "\n";
  if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size() || std::fflush(file_.get()) != 0)
    fail("cannot write {}: {}", path_, std::strerror(errno));
}

void Metrics::add(const StepReport& r, double seconds, double tokens_per_second) {
  Json line = {{"step", r.step}, {"loss", r.loss}, {"lr", r.lr}, {"gradient_norm", r.gradient_norm}, {"difficulty", r.difficulty}};
  line["correct"] = r.correct;
  line["counted"] = r.counted;
  line["accuracy"] = r.counted > 0 ? static_cast<double>(r.correct) / r.counted : 0.0;
  line["seconds"] = seconds;
  line["tokens_per_second"] = tokens_per_second;
  write(line);
}

void Metrics::add_holdout(std::int64_t step, const Tally& t) {
  write({{"step", step}, {"holdout", {{"difficulty", t.difficulty}, {"correct", t.correct}, {"counted", t.counted}}}});
}

void Metrics::flush() {
  if (std::fflush(file_.get()) != 0 || ::fsync(::fileno(file_.get())) != 0)
    fail("cannot write {}: {}", path_, std::strerror(errno));
}

}  // namespace separatrix
