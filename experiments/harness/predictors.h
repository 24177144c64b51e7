// How a checkpoint is run: a table from number types to predictors.  A new number type is one line in predictors.cpp.
#pragma once
#include <string>
#include <vector>

#include "experiments/harness/checkpoint.h"
#include "experiments/harness/evaluate.h"

namespace separatrix {

/// A number type of `eval --numbers`.  `name` ends in ':' when a parameter follows ("log:8").
struct Numbers {
  std::string name, meaning;
  /// `parameter` is what follows the colon.  The predictor may keep a reference to `model`.
  Predictor (*make)(const LoadedModel& model, const std::string& parameter, Device device);
};
const std::vector<Numbers>& number_types();

/// The predictor of "float", "bf16", ...; Error naming the nearest.
Predictor make_predictor(const LoadedModel& model, const std::string& numbers, Device device);

}  // namespace separatrix
