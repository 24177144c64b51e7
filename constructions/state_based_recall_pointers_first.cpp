// State-based recall by delta rules alone, when the pointers come before the list: the positive control of Lemma 2.
//   block 0  commas, `assert`s and `bits` of this line so far.  ReLU units: value_of_j = [the place of the header's j-th value]
//   block 1  five heads with one key each, k = value_of_j and v = number: the pointers p_a .. p_e.
//            ReLU units at entry i: finds_j = [p_j = i and the entry is 1]
//   block 2  one key, five value channels: the sums of finds_j, which are the bits b_a .. b_e once the list is read.
//            ReLU units: the same at `]` alone
//   block 3  registers 0 .. 4 and four idle ones.  At `]` the key (x_0, .., x_8) / 3 with x_j = 2 b_j - 1 and x = -1 in the idle
//            ones, and the value 3, load all at once; at `=` the key (e_a - e_c) / sqrt 2 swaps registers a and c; at `==` the
//            asked register is read: +1 or -1
// Reveals show bits.  The state is five pointers, five bits and nine signs: 5 log2 n bits and a constant.
#include "constructions/construction.h"
#include "constructions/program_builder.h"
#include "constructions/theory_blocks.h"

namespace separatrix {
namespace {

constexpr int kCommasBefore = kPointers - 1;  // of the header's values
constexpr int kSteps = kPointers + 2;
constexpr int kRegisters = 9;  // a square: (+-1, .., +-1) / 3 has norm 1

WeightBuilder builder(const std::vector<std::string>& tokens) {
  const Spec spec = theory_spec({delta_rule_block(1, 1, 3, 0, 4 + kSteps), delta_rule_block(kPointers, 1, 1, 0, 3 * kPointers),
                                 delta_rule_block(1, 1, kPointers, 0, kPointers), delta_rule_block(1, kRegisters, 1, 4, 0)});
  std::vector<std::string> coordinates = {"one",     "number",    "is_number", "is_one", "is_comma", "is_newline", "is_assert",
                                          "is_bits", "is_assign", "is_close",  "commas", "asserts",  "bits",  // block 0
                                          "swaps",   "loads",     "value",     "is_hit",                      // block 0: ReLU
                                          "content"};                                                         // block 3
  for (const char* name : {"name", "value_of", "pointer_of", "finds", "found", "bit_of"})
    for (int j = 0; j < kPointers; ++j) coordinates.push_back(of_variable(name, j));
  return WeightBuilder(spec, tokens, coordinates);
}

/// Block 0, delta rule with the one key 1: beta = 0 adds, and a newline (erase = 2 beta = 1) starts anew.
void count_the_line(WeightBuilder& w) {
  for (const char* row : {"0.q", "0.k", "0.a"}) w.reads(row, 0, {{"one", 1}});
  w.reads("0.v", 0, {{"is_comma", 1}});
  w.reads("0.v", 1, {{"is_assert", 1}});
  w.reads("0.v", 2, {{"is_bits", 1}});
  w.reads("0.b", 0, {{"is_newline", Rational(1, 2)}});
  w.writes("0.o", "commas", {{0, 1}});
  w.writes("0.o", "asserts", {{1, 1}});
  w.writes("0.o", "bits", {{2, 1}});
}

void tell_tokens_apart(WeightBuilder& w, int numbers) {
  w.relu(0, 0, {{"is_assign", 1}, {"bits", -1}}, {{"swaps", 1}});
  w.relu(0, 1, {{"is_close", 1}, {"bits", 1}, {"asserts", -1}, {"one", -1}}, {{"loads", 1}});
  w.relu(0, 2, {{"number", 1}, {"bits", -numbers}, {"asserts", -numbers}}, {{"value", 1}});
  w.relu(0, 3, {{"is_one", 1}, {"bits", 1}, {"asserts", -1}, {"one", -1}}, {{"is_hit", 1}});
  // value_of_j = relu(c - j' + 1) - 2 relu(c - j') + relu(c - j' - 1) = [c = j'] for c commas and j' = j + kCommasBefore.
  for (int step = 0; step < kSteps; ++step) {
    WeightBuilder::Values writes;
    for (int j = std::max(0, step - 2); j <= std::min(step, kPointers - 1); ++j)
      writes.push_back({of_variable("value_of", j), j == step - 1 ? -2 : 1});
    w.relu(0, 4 + step, {{"commas", 1}, {"one", 1 - step - kCommasBefore}}, writes);
  }
}

/// Block 1: beta = 0, so S_j is the sum of v k, one term of which is not 0.
void find_entries(WeightBuilder& w, int numbers) {
  for (int j = 0; j < kPointers; ++j) {
    w.reads("1.q", j, {{"one", 1}});
    w.reads("1.a", j, {{"one", 1}});
    w.reads("1.k", j, {{of_variable("value_of", j), 1}});
    w.reads("1.v", j, {{"value", 1}});
    w.writes("1.o", of_variable("pointer_of", j), {{j, 1}});
    // A hat over p_j - i, and 0 where no 1 stands: p_j < numbers.
    for (int step = -1; step <= 1; ++step)
      w.relu(1, 3 * j + step + 1,
             {{of_variable("pointer_of", j), 1}, {"commas", -1}, {"one", -step - numbers}, {"is_hit", numbers}},
             {{of_variable("finds", j), step == 0 ? -2 : 1}});
  }
}

/// Block 2: beta = 0.
void sum_finds(WeightBuilder& w) {
  for (const char* row : {"2.q", "2.k", "2.a"}) w.reads(row, 0, {{"one", 1}});
  for (int j = 0; j < kPointers; ++j) {
    w.reads("2.v", j, {{of_variable("finds", j), 1}});
    w.writes("2.o", of_variable("found", j), {{j, 1}});
    w.relu(2, j, {{of_variable("found", j), 1}, {"loads", 1}, {"one", -1}}, {{of_variable("bit_of", j), 1}});
  }
}

/// Block 3.
void track_bits(WeightBuilder& w) {
  for (int j = 0; j < kRegisters; ++j) w.reads("3.k", j, {{"loads", Rational(-1, 3)}});
  for (int j = 0; j < kPointers; ++j) {
    w.reads("3.q", j, {{of_variable("name", j), 1}});
    w.reads("3.k", j, {{of_variable("name", j), 1}, {of_variable("bit_of", j), Rational(2, 3)}});
  }
  w.filter("3.q", {{1, 1}, {2, 1}});  // `a ==` and `a ] ==`
  w.filter("3.k", swap_taps());
  w.filter("3.v", {{0, 1}});
  w.reads("3.v", 0, {{"loads", 3}});
  w.reads("3.a", 0, {{"one", 1}});
  w.reads("3.b", 0, {{"swaps", 1}});
  w.writes("3.o", "content", {{0, 1}});
}

}  // namespace

BuiltModel build_state_based_recall_pointers_first(int numbers) {
  const TaskOptions options{{"numbers", std::to_string(numbers)}, {"order", "pointers_first"}, {"reveal", "bit"}};
  WeightBuilder w = builder(make_task("state_based_recall", options)->vocabulary());
  embed_program(w, numbers);
  for (const auto& [token, coordinate] : {std::pair{",", "is_comma"},
                                          {"\n", "is_newline"},
                                          {"assert", "is_assert"},
                                          {"bits", "is_bits"},
                                          {"=", "is_assign"},
                                          {"]", "is_close"},
                                          {"1", "is_one"}})
    w.embed(token, {{coordinate, 1}});
  count_the_line(w);
  tell_tokens_apart(w, numbers);
  find_entries(w, numbers);
  sum_finds(w);
  track_bits(w);
  w.logit_all({{"one", -2}});
  w.logit("0", {{"one", 0}, {"content", -1}});
  w.logit("1", {{"one", 0}, {"content", 1}});
  return {w.spec(), w.weights(), "state_based_recall", options};
}

}  // namespace separatrix
