// Accuracy on fresh examples: counts, beside the floors that cheap predictors reach on the same examples.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "kernels/executor.h"
#include "tasks/task.h"

namespace separatrix {

/// Predicted token at every counted position of a batch, -1 elsewhere: (batch, length).  Any number type and device can be one.
using Predictor = std::function<std::vector<std::int32_t>(const Batch&)>;

/// Counts of one shortcut on the examples of a Tally.
struct ShortcutTally {
  std::string name;
  int right = 0;    // examples the shortcut answers: its floor, out of Tally::counted
  int correct = 0;  // of the examples on which the shortcut fails, those the model answers
  int counted = 0;  // examples on which the shortcut fails
  bool operator==(const ShortcutTally&) const = default;
};

/// Counts at one difficulty.
struct Tally {
  std::string stream;  // select | report | curriculum
  int difficulty = 0;
  int correct = 0, counted = 0;                  // last answers
  int answers_correct = 0, answers_counted = 0;  // all answers, reveals included
  std::vector<ShortcutTally> shortcuts;
  bool operator==(const Tally&) const = default;
};

/// Which examples: `samples` of the stream (seed, purpose, difficulty), from index `first`.
struct Stream {
  std::uint64_t seed;
  Purpose purpose;
  std::uint64_t first = 0;
  int samples = 256;
  int batch = 64;  // examples per call of the predictor
};

/// Asks the model for the answers of fresh examples.
Tally evaluate(const Predictor& predict, const Task& task, int difficulty, const Stream& stream);
/// The word of a purpose: "select", "report", "curriculum".
std::string stream_name(Purpose purpose);

}  // namespace separatrix
