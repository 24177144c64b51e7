// Theory's predictions as a table, and their test on the selected runs.
#include "experiments/report/verdict.h"

#include <map>

#include "experiments/report/figure.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

enum class Outcome { solves, at_floor, below };
struct Prediction {
  std::string model;
  Outcome outcome;
};

const std::vector<Prediction>& predictions(const std::string& task) {
  using enum Outcome;
  static const std::map<std::string, std::vector<Prediction>> all = {
      {"state_tracking", {{"transformer", at_floor}, {"gdn", solves}, {"hybrid", solves}}},
      {"recall", {{"transformer", solves}, {"gdn", below}, {"hybrid", solves}}},
      {"state_based_recall", {{"transformer", below}, {"gdn", below}, {"hybrid", solves}}}};
  static const std::vector<Prediction> none;
  const auto at = all.find(task);
  return at == all.end() ? none : at->second;
}

Verdict judge(Outcome outcome, const std::string& model, const std::string& where, const Counts& counts, const Counts& floor) {
  Verdict verdict;
  verdict.seen = show(counts);
  if (outcome == Outcome::solves) {
    verdict.expected = fmt::format("{}: at least 0.95 at {}", label_of(model), where);
    verdict.holds = counts.at_least(95, 100);
  } else if (outcome == Outcome::below) {
    verdict.expected = fmt::format("{}: clearly below 0.95 (whole interval) at {}", label_of(model), where);
    verdict.holds = counts.counted > 0 && wilson(counts).high < 0.95;
  } else {
    verdict.expected = fmt::format("{}: within 0.15 of its floor at {}", label_of(model), where);
    verdict.seen += floor.counted == 0 ? "; floor not measured"
                                       : fmt::format("; floor {}/{} = {:.3f}", floor.correct, floor.counted, floor.accuracy());
    verdict.holds = counts.counted > 0 && floor.counted > 0 && counts.accuracy() <= floor.accuracy() + 0.15;
  }
  return verdict;
}

}  // namespace

std::vector<Verdict> verdicts(const Experiment& experiment) {
  std::vector<Verdict> out;
  for (const auto& [name, outcome] : predictions(experiment.task))
    for (const ModelRuns& model : experiment.models) {
      if (model.model != name) continue;
      Counts counts, floor;
      if (model.selected) {
        const MeasuredRun& run = model.runs[*model.selected];
        if (run.report.contains(experiment.hardest)) counts = run.report.at(experiment.hardest);
        if (run.floor.contains(experiment.hardest)) floor = run.floor.at(experiment.hardest);
      }
      out.push_back(
          judge(outcome, name, fmt::format("{} = {}", difficulty_symbol(experiment.task), experiment.hardest), counts, floor));
    }
  return out;
}

std::string show(const Counts& counts) {
  if (counts.counted == 0) return "not measured";
  const Interval interval = wilson(counts);
  return fmt::format("{}/{} = {:.3f} [{:.3f}, {:.3f}]", counts.correct, counts.counted, counts.accuracy(), interval.low,
                     interval.high);
}

}  // namespace separatrix
