// Evaluation through the generic layers, over any number type: `--numbers rational|root2|root5|double|big|log:P`.
#pragma once
#include "experiments/harness/predictors.h"

namespace separatrix {

/// The rows of number_types() that run models/model.h itself, one token at a time.
const std::vector<Numbers>& exact_number_types();

}  // namespace separatrix
