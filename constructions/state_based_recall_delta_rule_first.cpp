// State-based recall, delta rule then attention (paper, Theorem 1, first order): compose the swaps over the pointers, then look up.
//   block 0  delta rule: commas, `assert`s and `bits` of this line so far (every newline starts anew), and the number that stands
//            in the last brackets.  ReLU units: a number is an entry of the list, or the value of the j-th variable
//   block 1  delta rule: register j takes the value of variable j; at `=` the key (e_a - e_c) / sqrt 2 swaps registers a and c;
//            at `==` the pointer p of the asked variable is read
//   block 2  attention by angle, the layer-norm hash: query (p, 1, 0), entry i has the key (i, 1, 0), every other token leaves
//            that plane.  cos is largest at i = p alone, at every length.  ReLU units: the bit after `bits[...] ==`, else p
// The weights depend on the size of the vocabulary only.
#include "constructions/construction.h"
#include "constructions/program_builder.h"
#include "constructions/theory_blocks.h"

namespace separatrix {
namespace {

constexpr int kCommasBefore = kPointers - 1;  // of the header's values: one between any two names
constexpr int kSteps = kPointers + 2;         // ReLU steps from which the header's positions are made

WeightBuilder builder(const std::vector<std::string>& tokens) {
  const Spec spec = theory_spec({delta_rule_block(2, 1, 3, 0, kSteps + 4), delta_rule_block(1, kPointers, 1, 4, 0),
                                 hard_attention_block(1, 3, HardKeys::unit, 2)});
  std::vector<std::string> coordinates = {"one",        "number",    "is_number", "is_comma",
                                          "is_newline", "is_assert", "is_bits",   "is_assign",  // of the token itself
                                          "commas",     "asserts",   "bits",      "index",      // block 0: this line so far
                                          "is_entry",   "is_value",  "value",     "swaps",      // block 0: ReLU
                                          "pointer",    "bit",       "answer"};                 // blocks 1, 2
  for (int j = 0; j < kPointers; ++j) coordinates.push_back(of_variable("name", j));
  for (int j = 0; j < kPointers; ++j) coordinates.push_back(of_variable("value_of", j));
  return WeightBuilder(spec, tokens, coordinates);
}

/// Block 0, delta rule.  Keys are 1: beta = 0 adds to the state, erase = 2 beta = 1 replaces it.
void count_the_line(WeightBuilder& w) {
  for (const int head : {0, 1}) {
    w.reads("0.q", head, {{"one", 1}});
    w.reads("0.k", head, {{"one", 1}});
    w.reads("0.a", head, {{"one", 1}});  // alpha = 1: nothing is forgotten
  }
  const Rational replace(1, 2);
  w.reads("0.v", 0, {{"is_comma", 1}});
  w.reads("0.v", 1, {{"is_assert", 1}});
  w.reads("0.v", 2, {{"is_bits", 1}});
  w.reads("0.b", 0, {{"is_newline", replace}});
  w.writes("0.o", "commas", {{0, 1}});
  w.writes("0.o", "asserts", {{1, 1}});
  w.writes("0.o", "bits", {{2, 1}});

  // `bits[3]` needs no register: its index is kept until another number or a name (index 0) comes.
  w.reads("0.v", 3, {{"number", 1}});
  w.reads("0.b", 1, {{"is_number", replace}});
  for (int j = 0; j < kPointers; ++j) w.reads("0.b", 1, {{of_variable("name", j), replace}});
  w.writes("0.o", "index", {{3, 1}});
}

/// Block 0, ReLU: what the number is.  Line by line, `asserts` and `bits` are 0 or 1.
void tell_numbers_apart(WeightBuilder& w, int numbers) {
  w.relu(0, 0, {{"is_number", 1}, {"bits", 1}, {"asserts", -1}, {"one", -1}}, {{"is_entry", 1}});
  w.relu(0, 1, {{"is_number", 1}, {"bits", -1}, {"asserts", -1}}, {{"is_value", 1}});
  w.relu(0, 2, {{"number", 1}, {"bits", -numbers}, {"asserts", -numbers}}, {{"value", 1}});
  w.relu(0, 3, {{"is_assign", 1}, {"bits", -1}}, {{"swaps", 1}});  // the `=` of `bits = [...]` swaps nothing
  // value_of_j = relu(c - j' + 1) - 2 relu(c - j') + relu(c - j' - 1) = [c = j'] for c commas and j' = j + kCommasBefore.
  // Tokens of the header that are no numbers stay below every step.
  for (int step = 0; step < kSteps; ++step) {
    WeightBuilder::Values writes;
    for (int j = 0; j < kPointers; ++j)
      if (const int distance = step - (j + 1); distance >= -1 && distance <= 1)
        writes.push_back({of_variable("value_of", j), distance == 0 ? -2 : 1});
    const int far = 2 * kPointers;
    w.relu(0, 4 + step, {{"commas", 1}, {"one", -(step - 1 + kCommasBefore) - far}, {"is_number", far}}, writes);
  }
}

/// Block 1: the swaps, over pointers.
void track_pointers(WeightBuilder& w) {
  for (int j = 0; j < kPointers; ++j) {
    w.reads("1.q", j, {{of_variable("name", j), 1}});
    w.reads("1.k", j, {{of_variable("name", j), 1}, {of_variable("value_of", j), 1}});
  }
  w.filter("1.q", {{1, 1}, {2, 1}});  // `a ==` and `a ] ==`
  w.filter("1.k", swap_taps());
  w.filter("1.v", {{0, 1}});
  w.reads("1.v", 0, {{"value", 1}});
  w.reads("1.a", 0, {{"one", 1}});
  w.reads("1.b", 0, {{"swaps", 1}, {"is_value", Rational(1, 2)}});
  w.writes("1.o", "pointer", {{0, 1}});
}

/// Block 2: the look-up, and which of bit and pointer is asked for.
void look_up(WeightBuilder& w, int numbers) {
  w.reads("2.q", 0, {{"pointer", 1}, {"index", 1}});
  w.reads("2.q", 1, {{"one", 1}});
  w.reads("2.k", 0, {{"commas", 1}});
  w.reads("2.k", 1, {{"one", 1}});
  w.reads("2.k", 2, {{"one", 1}, {"is_entry", -1}});
  w.reads("2.v", 0, {{"number", 1}});
  w.writes("2.o", "bit", {{0, 1}});
  w.relu(2, 0, {{"bit", 1}, {"bits", 1}, {"one", -1}}, {{"answer", 1}});
  w.relu(2, 1, {{"pointer", 1}, {"bits", -numbers}}, {{"answer", 1}});
  read_out_number(w, "answer", numbers);
}

}  // namespace

BuiltModel build_state_based_recall_delta_rule_first(int numbers) {
  const TaskOptions options{{"numbers", std::to_string(numbers)}};
  WeightBuilder w = builder(make_task("state_based_recall", options)->vocabulary());
  embed_program(w, numbers);
  for (const auto& [token, coordinate] :
       {std::pair{",", "is_comma"}, {"\n", "is_newline"}, {"assert", "is_assert"}, {"bits", "is_bits"}, {"=", "is_assign"}})
    w.embed(token, {{coordinate, 1}});
  count_the_line(w);
  tell_numbers_apart(w, numbers);
  track_pointers(w);
  look_up(w, numbers);
  return {w.spec(), w.weights(), "state_based_recall", options};
}

}  // namespace separatrix
