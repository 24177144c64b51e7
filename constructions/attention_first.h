// Parts of the constructions for state-based recall that put attention before the delta rule.
#pragma once
#include "constructions/program_builder.h"

namespace separatrix {

/// Heads 0 .. 2 of block 0, attention with keys as given and heads of two dimensions.  Head 0 scores 0 everywhere: the average over
/// all tokens, commas and the first word divided by t + 1.  Heads 1, 2 attend to all `]` (`assert`) so far, and while there is none
/// to the first word.
inline void count_and_remember(WeightBuilder& w) {
  w.reads("0.v", 0, {{"is_comma", 1}});
  w.reads("0.v", 1, {{"is_bits", 1}});
  w.writes("0.o", "commas", {{0, 1}});
  w.writes("0.o", "first", {{1, 1}});
  int row = 2;
  for (const auto& [seen, token] : {std::pair{"closed", "is_close"}, {"asserted", "is_assert"}}) {
    w.reads("0.q", row, {{"one", 1}});
    w.reads("0.k", row, {{token, 2}, {"is_bits", 1}});
    w.reads("0.v", row, {{token, 1}});
    w.writes("0.o", seen, {{row, 1}});
    row += 2;
  }
}

/// kPointers + 1 ReLU units from `unit` on: value_of_j = [share = 1 / (j + 2)] at the tokens where the coordinates of `gates`
/// are 1. With u_m = relu(share - 1 / (m + 2)), the step [share >= 1 / (j + 2)] is (j + 2)(j + 3) (u_{j + 1} - u_j) on the shares
/// 1 / 2, 1 / 3, ..., and value_of_j is this step minus the one before.  Elsewhere all u are 0.
inline void tell_variables_apart(WeightBuilder& w, int block, int unit, const std::vector<std::string>& gates) {
  const auto slope = [](int j) { return (j + 2) * (j + 3); };
  for (int m = 0; m <= kPointers; ++m) {
    WeightBuilder::Values reads{{"share", 1}, {"one", RootTwo(-1) - RootTwo(Rational(1, m + 2))}}, writes;
    for (const std::string& gate : gates) reads.push_back({gate, 1});
    for (int j = std::max(0, m - 1); j <= std::min(m + 1, kPointers - 1); ++j)
      writes.push_back({of_variable("value_of", j), j == m - 1 ? slope(j)
                                                    : j == m   ? -slope(j) - (j > 0 ? slope(j - 1) : 0)
                                                               : slope(j - 1)});
    w.relu(block, unit + m, reads, writes);
  }
}

/// Head 1 of a delta-rule block with kPointers keys and a convolution: register 0 holds the bit of the last number an assert has
/// shown, register 1 holds 1 since its `assert`.
inline void track_brackets(WeightBuilder& w, int block, int value_dim) {
  const int k = kPointers, v = value_dim;  // first key and value channel of head 1
  const auto at = [block](const char* matrix) { return fmt::format("{}.{}", block, matrix); };
  w.reads(at("q"), k, {{"is_number", 1}});
  w.reads(at("q"), k + 1, {{"is_close", 1}});
  w.reads(at("k"), k, {{"is_shown", 1}});
  w.reads(at("k"), k + 1, {{"is_assert", 1}});
  for (const int channel : {k, k + 1}) w.filter(at("k"), channel, {{0, 1}});
  w.reads(at("v"), v, {{"shown_bit", 1}});
  w.reads(at("v"), v + 1, {{"is_assert", 1}});
  w.reads(at("b"), 1, {{"one", Rational(1, 2)}});
  w.writes(at("o"), "bit", {{0, 1}, {v, 1}});
  w.writes(at("o"), "bracket", {{v + 1, 1}});
}

/// The bit after `bits[...] ==`, else the pointer: ReLU units 0 and 1, and the read-out.
inline void answer_bit_or_pointer(WeightBuilder& w, int block, int numbers) {
  w.relu(block, 0, {{"bit", 1}, {"bracket", 1}, {"one", -1}}, {{"answer", 1}});
  w.relu(block, 1, {{"pointer", 1}, {"bracket", -numbers}}, {{"answer", 1}});
  read_out_number(w, "answer", numbers);
}

}  // namespace separatrix
