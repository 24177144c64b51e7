// State-based recall, attention then delta rule (paper, Theorem 1, second order): look up every pointer, then compose the swaps
// over the bits found.
//   block 0  attention: commas and the first word, both divided by t + 1, which at entry i of the list is (i, 1) / (t + 1);
//            and two truths: a `]` has come, an `assert` has come.  ReLU units: a number is an entry, a value of the header, or
//            one shown by an assert
//   block 1  attention: `]` averaged with the header's values so far is 1 / (j + 2) at the value of variable j; the bit of the
//            list that the number at hand points at, by angle (the layer-norm hash).  ReLU units: one-hot j
//   block 2  delta rule: register j takes bit and pointer of variable j; at `=` the key (e_a - e_c) / sqrt 2 swaps registers
//            a and c; at `==` the asked variable is read.  A second head keeps the bit of the number in brackets, as `bits[3]`,
//            and whether brackets stand before `==`.  ReLU units: the bit after `bits[...] ==`, else the pointer
// Attention averages (AHAT).  The weights depend on the size of the vocabulary only.
#include "constructions/attention_first.h"
#include "constructions/construction.h"
#include "constructions/theory_blocks.h"

namespace separatrix {
namespace {

WeightBuilder builder(const std::vector<std::string>& tokens) {
  const Spec spec =
      theory_spec({hard_attention_block(3, 2, HardKeys::as_given, 3), hard_attention_block(2, 3, HardKeys::unit, kPointers + 4),
                   delta_rule_block(2, kPointers, 3, 4, 2)});
  std::vector<std::string> coordinates = {"one",       "number",   "is_number", "is_comma",     "is_close",
                                          "is_assert", "is_bits",  "is_assign",                               // of the token itself
                                          "commas",    "first",    "closed",    "asserted",                   // block 0
                                          "is_entry",  "is_value", "is_shown",                                // block 0: ReLU
                                          "share",     "bit_here", "kept_bit",  "kept_pointer", "shown_bit",  // block 1
                                          "bit",       "pointer",  "bracket",   "answer"};                    // block 2
  for (int j = 0; j < kPointers; ++j) coordinates.push_back(of_variable("name", j));
  for (int j = 0; j < kPointers; ++j) coordinates.push_back(of_variable("value_of", j));
  return WeightBuilder(spec, tokens, coordinates);
}

/// Block 0, ReLU: what the number is.
void tell_numbers_apart(WeightBuilder& w) {
  w.relu(0, 0, {{"is_number", 1}, {"closed", -1}}, {{"is_entry", 1}});
  w.relu(0, 1, {{"is_number", 1}, {"closed", 1}, {"asserted", -1}, {"one", -1}}, {{"is_value", 1}});
  w.relu(0, 2, {{"is_number", 1}, {"asserted", 1}, {"one", -1}}, {{"is_shown", 1}});
}

/// Block 1: which variable the value belongs to, and the bit it points at.
void look_up(WeightBuilder& w, int numbers) {
  w.reads("1.q", 0, {{"one", 1}});
  w.reads("1.k", 0, {{"is_close", 1}, {"is_value", 1}});
  w.reads("1.v", 0, {{"is_close", 1}});
  w.writes("1.o", "share", {{0, 1}});

  w.reads("1.q", 3, {{"number", 1}});
  w.reads("1.q", 4, {{"one", 1}});
  w.reads("1.k", 3, {{"commas", 1}});
  w.reads("1.k", 4, {{"first", 1}});
  w.reads("1.k", 5, {{"one", 1}, {"is_entry", -1}});
  w.reads("1.v", 3, {{"number", 1}});
  w.writes("1.o", "bit_here", {{3, 1}});

  w.relu(1, 0, {{"bit_here", 1}, {"is_value", 1}, {"one", -1}}, {{"kept_bit", 1}});
  w.relu(1, 1, {{"number", 1}, {"is_value", numbers}, {"one", -numbers}}, {{"kept_pointer", 1}});
  w.relu(1, 2, {{"bit_here", 1}, {"is_shown", 1}, {"one", -1}}, {{"shown_bit", 1}});
  tell_variables_apart(w, 1, 3, {"is_value"});
}

/// Block 2, head 0: registers a .. e, each with a bit and a pointer.
void track_bits(WeightBuilder& w) {
  const Rational replace(1, 2);  // erase = 2 beta = 1
  for (int j = 0; j < kPointers; ++j) {
    w.reads("2.q", j, {{of_variable("name", j), 1}});
    w.reads("2.k", j, {{of_variable("name", j), 1}, {of_variable("value_of", j), 1}});
    w.filter("2.k", j, swap_taps());
  }
  w.reads("2.v", 0, {{"kept_bit", 1}});
  w.reads("2.v", 1, {{"kept_pointer", 1}});
  w.reads("2.b", 0, {{"is_assign", 1}, {"is_value", replace}});
  w.writes("2.o", "pointer", {{1, 1}});
}

}  // namespace

BuiltModel build_state_based_recall_attention_first(int numbers) {
  const TaskOptions options{{"numbers", std::to_string(numbers)}};
  WeightBuilder w = builder(make_task("state_based_recall", options)->vocabulary());
  embed_program(w, numbers);
  for (const auto& [token, coordinate] :
       {std::pair{",", "is_comma"}, {"]", "is_close"}, {"assert", "is_assert"}, {"bits", "is_bits"}, {"=", "is_assign"}})
    w.embed(token, {{coordinate, 1}});
  count_and_remember(w);
  tell_numbers_apart(w);
  look_up(w, numbers);
  w.filter("2.q", {{1, 1}, {2, 1}});  // `a ==` and `a ] ==`
  w.filter("2.v", {{0, 1}});
  for (const int head : {0, 1}) w.reads("2.a", head, {{"one", 1}});  // alpha = 1: nothing is forgotten
  track_bits(w);
  track_brackets(w, 2, 3);
  answer_bit_or_pointer(w, 2, numbers);
  return {w.spec(), w.weights(), "state_based_recall", options};
}

}  // namespace separatrix
