// Small models and the folders of tests/models/hub, for the tests of checkpoints of other programs.
#pragma once
#include <filesystem>

#include "models/io/hub_folder.h"
#include "tests/experiments/scratch.h"
#include "tests/kernels/support.h"

namespace separatrix::testing {

inline std::string fixture(const std::string& name) {
  return fmt::format("{}/tests/models/hub/{}", SOURCE_DIR, name);
}

inline Spec small(const std::string& pattern, const std::string& position = "rope") {
  ModelOptions o;
  o.pattern = pattern, o.width = 12, o.heads = 2, o.head_dim = 4, o.hidden = 10, o.position = position;
  return make_spec(o, 9);
}

inline Weights<float> random_weights(const Spec& spec) {
  Weights<float> w(spec);
  w.values() = draws(w.values().size(), 5, 0.5);
  for (const Parameter& p : w.layout())
    if (p.shape.size() == 1)
      for (float& x : w[p.name]) x += 1;
  return w;
}

}  // namespace separatrix::testing
