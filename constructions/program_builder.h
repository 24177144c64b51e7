// What the constructions for state-based recall share: the names of the task's tokens, keys of swaps, the read-out of a number.
#pragma once
#include "constructions/weight_builder.h"

namespace separatrix {

constexpr int kPointers = 5;  // variables a, b, c, d, e: Definition 2 of the paper

inline std::string variable_token(int j) {
  return std::string(1, static_cast<char>('a' + j));
}
/// Coordinates with one entry per variable.
inline std::string of_variable(const std::string& name, int j) {
  return fmt::format("{}_{}", name, variable_token(j));
}

/// Coordinates `one` at every token; `number`, `is_number` at 0, 1, ...; `name_j` at the variables.
inline void embed_program(WeightBuilder& w, int numbers) {
  w.embed_all({{"one", 1}});
  for (int j = 0; j < kPointers; ++j) w.embed(variable_token(j), {{of_variable("name", j), 1}});
  for (int v = 0; v < numbers; ++v) w.embed(std::to_string(v), {{"number", v}, {"is_number", 1}});
}

/// Logit of v: 2 v x - v^2 = x^2 - (x - v)^2, largest at the integer x = v by at least 1; other tokens stay at -1.
inline void read_out_number(WeightBuilder& w, const std::string& x, int numbers) {
  w.logit_all({{"one", -1}});
  for (int v = 0; v < numbers; ++v) w.logit(std::to_string(v), {{x, 2 * v}, {"one", -v * v}});
}

/// Swap of the two names 3 and 1 tokens before `=`: taps of a key's convolution.
inline const WeightBuilder::Channels& swap_taps() {
  static const RootTwo half_root(0, Rational(1, 2));  // 1 / sqrt 2
  static const WeightBuilder::Channels taps = {{0, 1}, {1, RootTwo(0) - half_root}, {3, half_root}};
  return taps;
}

/// Heads `head` and `head + 1` of a delta-rule block with keys of one dimension, kPointers values and a convolution keep nothing
/// (erase = 2 beta = 1 at every token) but what the convolution brings from earlier tokens:
///   swap_j at `=`: the key (e_a - e_c) / sqrt 2 after `a, c`;  asked_j at `==`: 1 after `j` and after `j]`.
/// With the swap's key made here, a later block can write to its registers token after token.
inline void look_back_at_names(WeightBuilder& w, int block, int head) {
  static const RootTwo half_root(0, Rational(1, 2));  // 1 / sqrt 2
  const WeightBuilder::Channels taps[] = {{{1, RootTwo(0) - half_root}, {3, half_root}}, {{1, 1}, {2, 1}}};
  const auto at = [block](const char* matrix) { return fmt::format("{}.{}", block, matrix); };
  for (const int which : {0, 1}) {
    for (const char* row : {"q", "k", "a"}) w.reads(at(row), head + which, {{"one", 1}});
    w.reads(at("b"), head + which, {{"one", Rational(1, 2)}});
    for (int j = 0; j < kPointers; ++j) {
      const int channel = (head + which) * kPointers + j;
      w.reads(at("v"), channel, {{of_variable("name", j), 1}});
      w.filter(at("v"), channel, taps[which]);
      w.writes(at("o"), of_variable(which == 0 ? "swap" : "asked", j), {{channel, 1}});
    }
  }
}

}  // namespace separatrix
