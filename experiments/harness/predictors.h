// How a checkpoint is run: a table from number types to predictors and traces.  A new number type is one line in predictors.cpp or
// exact_evaluate.cpp.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "experiments/harness/checkpoint.h"
#include "experiments/harness/evaluate.h"

namespace separatrix {

/// What a model computes on one sequence, each number as the nearest double.
struct Trace {
  Matrix<double> logits;               // (length, vocab)
  std::vector<Matrix<double>> layers;  // the residual stream after every block, the embedding first: blocks + 1 of (length, width)
};
/// Runs one sequence; `layers` is filled only when asked for.
using Tracer = std::function<Trace(const std::vector<std::int32_t>& tokens, bool layers)>;

/// A model over one number type on one device.  May refer to the LoadedModel it was made of.
struct Runner {
  Predictor predict;
  Tracer trace;
};

/// A number type of `--numbers`.  `name` ends in ':' when a parameter follows ("log:8").
struct Numbers {
  std::string name, meaning;
  /// `parameter` is what follows the colon.
  Runner (*make)(const LoadedModel& model, const std::string& parameter, Device device);
};
const std::vector<Numbers>& number_types();
/// All names with their meanings, for --help.
std::string number_types_help();

/// The runner of "float", "bf16", ...; Error naming the nearest.
Runner make_runner(const LoadedModel& model, const std::string& numbers, Device device);

}  // namespace separatrix
