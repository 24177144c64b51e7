// The statements of state tracking, as words for a TokenRunner, and what they do to the values of the variables.
#pragma once
#include <numeric>
#include <string>
#include <vector>

#include "constructions/construction.h"
#include "tasks/rng.h"

namespace separatrix {

using Values = std::vector<int>;  // value of each variable

inline std::string variable_name(int v) {
  return std::string(1, static_cast<char>('a' + v));
}

/// `a , b , c = range ( 3 ) \n`
inline std::string header_words(int variables) {
  std::string words;
  for (int v = 0; v < variables; ++v) words += (v ? " , " : "") + variable_name(v);
  return words + fmt::format(" = range ( {} ) \\n", variables);
}

/// `a , c = c , a \n`
inline std::string swap_words(int x, int y) {
  return fmt::format("{0} , {1} = {1} , {0} \\n", variable_name(x), variable_name(y));
}

/// `assert a ==`
inline std::string question_words(int v) {
  return fmt::format("assert {} ==", variable_name(v));
}

/// Two different variables of n.
inline std::pair<int, int> random_swap_of(Rng& rng, int n) {
  const int x = static_cast<int>(rng.below(n));
  return {x, (x + 1 + static_cast<int>(rng.below(n - 1))) % n};
}

inline Values swapped(Values values, int x, int y) {
  std::swap(values[x], values[y]);
  return values;
}

inline Values initial_values(int variables) {
  Values values(variables);
  std::iota(values.begin(), values.end(), 0);
  return values;
}

inline std::string values_text(const Values& values) {
  return fmt::format("({})", fmt::join(values, ", "));
}

/// The option `variables` of the model's task.
inline int variables_of(const BuiltModel& model) {
  const auto found = model.options.find("variables");
  if (model.task != "state_tracking") fail("the model is for the task '{}', not for state_tracking", model.task);
  return found == model.options.end() ? 5 : std::stoi(found->second);
}

}  // namespace separatrix
