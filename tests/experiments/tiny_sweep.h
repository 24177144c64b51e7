// A sweep over models that train in a moment.
#pragma once
#include <fmt/format.h>

#include <string>

namespace separatrix {

/// `patterns` and `evaluate` in TOML: the axis, and what [run.evaluate] holds.
inline std::string tiny_sweep(const std::string& patterns, int steps, const std::string& evaluate) {
  return fmt::format(R"(
name = "tiny"
[grid]
"model.pattern" = {}
[run.task]
name = "recall"
difficulty = 4
numbers = 4
[run.model]
width = 8
heads = 1
head_dim = 8
hidden = 8
[run.train]
steps = {}
batch = 4
[run.evaluate]
{}
)",
                     patterns, steps, evaluate);
}

}  // namespace separatrix
