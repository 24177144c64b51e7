// run.json: what a run is, how far it came, what it scored.  And metrics.jsonl, one line per measurement.
#pragma once
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/harness/checkpoint.h"
#include "experiments/harness/evaluate.h"
#include "experiments/harness/trainer.h"

namespace separatrix {

using Json = nlohmann::ordered_json;

/// {stream, difficulty, correct, counted, answers: {correct, counted}, floors: {shortcut: right}, flags: {shortcut: {correct,
/// counted}}}
Json to_json(const Tally& tally);

/// All of run.json.  status: running | done | diverged | cut.
Json run_record(const RunConfig& config, const Spec& spec, const TrainingState& state, const std::string& status,
                const std::string& reason, const std::vector<Tally>& evaluations);

/// Appends lines to metrics.jsonl.
class Metrics {
 public:
  /// Keeps the lines of steps up to `step`; later ones belong to a part of the run that is computed again.
  Metrics(const std::string& path, std::int64_t step);
  void add(const StepReport& report, double seconds, double tokens_per_second);
  void add_holdout(std::int64_t step, const Tally& tally);
  /// Lines are on disk when it returns.  Throws Error when the disk is full.
  void flush();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  void write(const Json& line);
  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace separatrix
