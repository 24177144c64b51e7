// A row: one measured proportion and everything needed to know what it means.  Counts, never percents.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/report/statistics.h"

namespace separatrix {

struct Row {
  std::string experiment, run;                        // the sweep and the run directory's name in it
  std::string task, model, kind, pattern, spec_hash;  // kind: model_kind of the pattern
  std::string number_type, device, precision;
  std::int64_t seed = 0;
  double lr = 0;
  std::string schedule;
  std::string stream;  // select: chooses the run | report: is published | none: the run ended before its evaluation
  int difficulty = 0;
  std::int64_t correct = 0, counted = 0;
  std::string floor_name;  // the best shortcut on the same examples
  std::int64_t floor_correct = 0, floor_counted = 0;
  std::int64_t steps = 0, steps_to_solve = -1;  // -1: never solved
  std::string status;                           // done, diverged, crashed
  double seconds = 0;                           // training time
  std::string commit, machine, date;
  // Since these two were added; files from before have neither.
  int hardest = -1;  // the difficulty at which the sweep judges its runs; -1: it names none
  std::string isa;   // instruction set of the kernels

  Counts counts() const { return {correct, counted}; }
  Counts floor() const { return {floor_correct, floor_counted}; }
  bool operator==(const Row&) const = default;
};

/// Calls visit(column name, field) for every column in the order of the CSV.
template <class AnyRow, class Visit>
void for_each_field(AnyRow& row, Visit&& visit) {
  visit("experiment", row.experiment), visit("run", row.run), visit("task", row.task), visit("model", row.model),
      visit("kind", row.kind);
  visit("pattern", row.pattern), visit("spec_hash", row.spec_hash), visit("number_type", row.number_type);
  visit("device", row.device), visit("precision", row.precision), visit("seed", row.seed), visit("lr", row.lr);
  visit("schedule", row.schedule), visit("stream", row.stream), visit("difficulty", row.difficulty);
  visit("correct", row.correct), visit("counted", row.counted), visit("floor_name", row.floor_name);
  visit("floor_correct", row.floor_correct), visit("floor_counted", row.floor_counted), visit("steps", row.steps);
  visit("steps_to_solve", row.steps_to_solve), visit("status", row.status), visit("seconds", row.seconds);
  visit("commit", row.commit), visit("machine", row.machine), visit("date", row.date);
  visit("hardest", row.hardest), visit("isa", row.isa);
}

/// The rows as CSV text with a header line; numbers in their shortest form that reads back equal.
std::string to_csv(const std::vector<Row>& rows);

/// The inverse.  Throws Error on an unknown or missing column (naming the nearest known one), a number that is none, counts that
/// cannot be and an unknown status.
std::vector<Row> rows_from_csv(std::string_view text, const std::string& source);

}  // namespace separatrix
