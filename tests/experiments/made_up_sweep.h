// A sweep directory of runs that never happened, in the format real ones have.
#pragma once
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/io/whole_file.h"
#include "tests/experiments/made_up_rows.h"

namespace separatrix {

/// run.json of the rows of one run.
inline nlohmann::ordered_json made_up_run(const std::vector<Row>& rows) {
  const Row& row = rows.at(0);
  nlohmann::ordered_json run = {
      {"status", row.status},         {"task", row.task},           {"model", row.model},     {"kind", row.kind},
      {"pattern", row.pattern},       {"spec_hash", row.spec_hash}, {"seed", row.seed},       {"lr", row.lr},
      {"schedule", row.schedule},     {"steps", row.steps},         {"seconds", row.seconds}, {"solved", row.steps_to_solve >= 0},
      {"steps_to_solve", {{"4", 5}}}, {"commit", row.commit},       {"machine", row.machine}, {"device", row.device},
      {"precision", row.precision}};
  if (row.steps_to_solve >= 0) run["steps_to_solve"]["32"] = row.steps_to_solve;
  run["evaluations"] = nlohmann::ordered_json::array();
  for (const Row& r : rows)
    if (r.counted > 0)
      run["evaluations"].push_back({{"stream", r.stream},
                                    {"difficulty", r.difficulty},
                                    {"correct", r.correct},
                                    {"counted", r.counted},
                                    {"floors", {{"worse", r.floor_correct - 3}, {r.floor_name, r.floor_correct}, {"worst", 0}}}});
  return run;
}

/// Writes DIR/<task>/ for every task among the rows: sweep.json, run.json and metrics.jsonl of every run.
inline void make_up_sweeps(const std::vector<Row>& rows, const std::filesystem::path& directory) {
  std::map<std::string, std::map<std::string, std::vector<Row>>> runs;
  for (const Row& row : rows) runs[row.experiment][row.run].push_back(row);
  for (const auto& [experiment, of] : runs) {
    nlohmann::ordered_json sweep = {{"name", experiment}, {"runs", nlohmann::ordered_json::array()}};
    for (const auto& [name, run_rows] : of) {
      sweep["runs"].push_back({{"name", name}});
      std::filesystem::create_directories(directory / experiment / name);
      write_whole((directory / experiment / name / "run.json").string(), made_up_run(run_rows).dump(2));
      std::string metrics;
      for (int step = 10; step <= 1000; step += 10) {
        const int correct = std::min(64, step / 8 * (run_rows[0].steps_to_solve >= 0 ? 2 : 1) / 4 + 10);
        metrics +=
            nlohmann::json{{"step", step}, {"correct", correct}, {"counted", 64}, {"difficulty", 2 << (step / 250)}}.dump() + "\n";
        if (step % 100 == 0) metrics += nlohmann::json{{"step", step}, {"holdout", {{"correct", 1}}}}.dump() + "\n";
      }
      write_whole((directory / experiment / name / "metrics.jsonl").string(), metrics + "{\"step\": 10");
    }
    write_whole((directory / experiment / "sweep.json").string(), sweep.dump(2));
  }
}

}  // namespace separatrix
