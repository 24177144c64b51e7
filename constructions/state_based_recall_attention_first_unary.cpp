// State-based recall, attention then delta rule (paper, Theorem 1, second order), with pointers in unary.
//   block 0  attention: commas and the first word, both divided by t + 1, which at entry i of the list is (i, 1) / (t + 1);
//            `]` averaged with the `len`s so far, 1 / (j + 2) in the j-th pointer; and two truths: a `]` has come, an `assert` has
//            come.  ReLU units: one-hot j at a mark and at the `)` that ends the pointer
//   block 1  attention: the tokens that belong to pointer j, divided by t + 1.  ReLU units: at its `)`, which is one of them,
//            p_j / (t + 1)
//   block 2  attention by angle, the layer-norm hash: at `)` the query (p_j, 1) / (t + 1), keys as at the entries: the bit x[p_j]
//   block 3  delta rule: at `=` the key (e_a - e_c) / sqrt 2, at `==` the name asked for (look_back_at_names)
//   block 4  delta rule: register j adds up marks and the bit of pointer j (beta = 0); the key of block 3 swaps; the asked one is
//            read.  A second head keeps the bit of the number in brackets, as `bits[3]`, and whether brackets stand before `==`.
//            ReLU units: the bit after `bits[...] ==`, else the pointer
// Attention averages (AHAT): that is how it counts.  The weights depend on the size of the vocabulary only.
#include "constructions/attention_first.h"
#include "constructions/construction.h"
#include "constructions/theory_blocks.h"

namespace separatrix {
namespace {

constexpr int kOwnUnits = 3;  // ReLU units of block 0 before those that tell variables apart

WeightBuilder builder(const std::vector<std::string>& tokens) {
  const Spec spec =
      theory_spec({hard_attention_block(4, 2, HardKeys::as_given, kOwnUnits + kPointers + 1),
                   hard_attention_block(1, kPointers, HardKeys::as_given, kPointers), hard_attention_block(1, 3, HardKeys::unit, 2),
                   delta_rule_block(2, 1, kPointers, 4, 0), delta_rule_block(2, kPointers, 2, 4, 2)});
  std::vector<std::string> coordinates = {"one",      "number",   "is_number", "is_comma", "is_close",  "is_assert",
                                          "is_bits",  "is_len",   "is_mark",   "is_end",   "is_assign",  // of the token itself
                                          "commas",   "first",    "closed",    "asserted", "share",      // block 0
                                          "is_entry", "is_shown", "inverse",                             // block 0: ReLU
                                          "pointed",                                                     // block 1: ReLU
                                          "bit_here", "kept_bit", "shown_bit",                           // block 2
                                          "bit",      "pointer",  "bracket",   "answer"};                // block 4
  for (const char* name : {"name", "value_of", "tokens_of", "swap", "asked"})
    for (int j = 0; j < kPointers; ++j) coordinates.push_back(of_variable(name, j));
  return WeightBuilder(spec, tokens, coordinates);
}

/// Block 0: the fourth head, and what a token is.
void tell_tokens_apart(WeightBuilder& w) {
  w.reads("0.q", 6, {{"one", 1}});
  w.reads("0.k", 6, {{"is_close", 1}, {"is_len", 1}});
  w.reads("0.v", 6, {{"is_close", 1}});
  w.writes("0.o", "share", {{6, 1}});
  w.relu(0, 0, {{"is_number", 1}, {"closed", -1}}, {{"is_entry", 1}});
  w.relu(0, 1, {{"is_number", 1}, {"asserted", 1}, {"one", -1}}, {{"is_shown", 1}});
  w.relu(0, 2, {{"first", 1}, {"is_end", 1}, {"one", -1}}, {{"inverse", 1}});  // 1 / (t + 1) where a pointer ends
  tell_variables_apart(w, 0, kOwnUnits, {"is_mark", "is_end"});
}

/// Block 1: scores are 0, so the average runs over all tokens.
void count_marks(WeightBuilder& w) {
  for (int j = 0; j < kPointers; ++j) {
    w.reads("1.v", j, {{of_variable("value_of", j), 1}});
    w.writes("1.o", of_variable("tokens_of", j), {{j, 1}});
    w.relu(1, j, {{of_variable("tokens_of", j), 1}, {"first", -1}, {of_variable("value_of", j), 1}, {"is_end", 1}, {"one", -2}},
           {{"pointed", 1}});
  }
}

/// Block 2: at the end of a pointer (p, 1) / (t + 1), at a number (number, 1), elsewhere (0, 1).
void look_up(WeightBuilder& w) {
  w.reads("2.q", 0, {{"pointed", 1}, {"number", 1}});
  w.reads("2.q", 1, {{"inverse", 1}, {"one", 1}, {"is_end", -1}});
  w.reads("2.k", 0, {{"commas", 1}});
  w.reads("2.k", 1, {{"first", 1}});
  w.reads("2.k", 2, {{"one", 1}, {"is_entry", -1}});
  w.reads("2.v", 0, {{"number", 1}});
  w.writes("2.o", "bit_here", {{0, 1}});
  w.relu(2, 0, {{"bit_here", 1}, {"is_end", 1}, {"one", -1}}, {{"kept_bit", 1}});
  w.relu(2, 1, {{"bit_here", 1}, {"is_shown", 1}, {"one", -1}}, {{"shown_bit", 1}});
}

/// Block 4, head 0: registers a .. e, each with a bit and a pointer.
void track_bits(WeightBuilder& w) {
  for (int j = 0; j < kPointers; ++j) {
    w.reads("4.q", j, {{of_variable("asked", j), 1}});
    w.reads("4.k", j, {{of_variable("swap", j), 1}, {of_variable("value_of", j), 1}});
    w.filter("4.q", j, {{0, 1}});
    w.filter("4.k", j, {{0, 1}});
  }
  for (int head_1 = kPointers; head_1 < 2 * kPointers; ++head_1) w.filter("4.q", head_1, {{1, 1}, {2, 1}});  // `3 ] ==`
  w.filter("4.v", {{0, 1}});
  w.reads("4.v", 0, {{"kept_bit", 1}});
  w.reads("4.v", 1, {{"is_mark", 1}});
  w.reads("4.b", 0, {{"is_assign", 1}});
  w.writes("4.o", "pointer", {{1, 1}});
}

}  // namespace

BuiltModel build_state_based_recall_attention_first_unary(int numbers) {
  const TaskOptions options{{"numbers", std::to_string(numbers)}, {"pointers", "unary"}};
  WeightBuilder w = builder(make_task("state_based_recall", options)->vocabulary());
  embed_program(w, numbers);
  for (const auto& [token, coordinate] : {std::pair{",", "is_comma"},
                                          {"]", "is_close"},
                                          {"assert", "is_assert"},
                                          {"bits", "is_bits"},
                                          {"len", "is_len"},
                                          {"|", "is_mark"},
                                          {")", "is_end"},
                                          {"=", "is_assign"}})
    w.embed(token, {{coordinate, 1}});
  count_and_remember(w);
  tell_tokens_apart(w);
  count_marks(w);
  look_up(w);
  for (const char* conv : {"3.q", "3.k"}) w.filter(conv, {{0, 1}});
  look_back_at_names(w, 3, 0);
  for (const int head : {0, 1}) w.reads("4.a", head, {{"one", 1}});  // alpha = 1: nothing is forgotten
  track_bits(w);
  track_brackets(w, 4, 2);
  answer_bit_or_pointer(w, 4, numbers);
  return {w.spec(), w.weights(), "state_based_recall", options};
}

}  // namespace separatrix
