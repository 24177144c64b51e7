// State-based recall, delta rule then attention (paper, Theorem 1, first order), with pointers in unary or in binary.
//   block 0  delta rule: commas, `assert`s and `bits` of this line so far, and the number in the last brackets.  Two more heads
//            keep nothing but the names 1 to 3 tokens back: swap = (e_a - e_c) / sqrt 2 at the `=` after `a, c`, and the name asked
//            for at `==`.  ReLU units: a number is an entry of the list, or a digit of the j-th pointer.  A mark is the digit 1
//   block 1  delta rule: register j reads pointer j.  Unary: c <- c + 1 at a mark (2 beta = 0).  Binary, lowest digit first:
//            (c, s) <- (c, s) / 2 + (digit, 1) (2 beta = 1/2), so that c = p / 2^(L-1) and s = 2 - 2^(1-L) after L digits.
//            The key `swap` swaps two registers; at `==` the asked one is read
//   block 2  attention by angle: query (c, 1, 0), in binary (c, 2 - s, 0) = (p, 1, 0) / 2^(L-1); entry i has the key (i, 1, 0),
//            every other token leaves that plane.  It returns the bit and i itself
// The weights depend on the size of the vocabulary only: any number of marks or digits.
#include "constructions/construction.h"
#include "constructions/program_builder.h"
#include "constructions/theory_blocks.h"
#include "tasks/pointer_encoding.h"

namespace separatrix {
namespace {

constexpr int kCommasBefore = kPointers - 1;  // of the header's values: one between any two names
constexpr int kSteps = kPointers + 2;         // ReLU steps from which the header's positions are made
constexpr int kHeads = 4;                     // of block 0

WeightBuilder builder(const std::vector<std::string>& tokens) {
  const Spec spec = theory_spec({delta_rule_block(kHeads, 1, kPointers, 4, kSteps + 3), delta_rule_block(1, kPointers, 2, 0, 0),
                                 hard_attention_block(1, 3, HardKeys::unit, 2)});
  std::vector<std::string> coordinates = {"one",       "number",   "is_number", "is_comma", "is_newline",
                                          "is_assert", "is_bits",  "is_assign",                         // of the token itself
                                          "commas",    "asserts",  "bits",      "index",                // block 0
                                          "is_entry",  "is_digit", "digit",                             // block 0: ReLU
                                          "pointer",   "places",   "bit",       "found",    "answer"};  // blocks 1, 2
  for (const char* name : {"name", "swap", "asked", "digit_of"})
    for (int j = 0; j < kPointers; ++j) coordinates.push_back(of_variable(name, j));
  return WeightBuilder(spec, tokens, coordinates);
}

/// Block 0, heads 0 and 1.  Keys are 1: beta = 0 adds to the state, erase = 2 beta = 1 replaces it.
void count_the_line(WeightBuilder& w) {
  const Rational replace(1, 2);
  for (const int head : {0, 1})
    for (const char* row : {"0.q", "0.k", "0.a"}) w.reads(row, head, {{"one", 1}});
  int channel = 0;
  for (const auto& [count, token] : {std::pair{"commas", "is_comma"}, {"asserts", "is_assert"}, {"bits", "is_bits"}}) {
    w.reads("0.v", channel, {{token, 1}});
    w.writes("0.o", count, {{channel++, 1}});
  }
  w.reads("0.b", 0, {{"is_newline", replace}});

  // `bits[3]` needs no register: its index is kept until another number or a name (index 0) comes.
  w.reads("0.v", kPointers, {{"number", 1}});
  w.writes("0.o", "index", {{kPointers, 1}});
  w.reads("0.b", 1, {{"is_number", replace}});
  for (int j = 0; j < kPointers; ++j) w.reads("0.b", 1, {{of_variable("name", j), replace}});
  for (int c = 0; c < 2 * kPointers; ++c) w.filter("0.v", c, {{0, 1}});
}

/// Block 0, ReLU: what the number is.  Line by line, `asserts` and `bits` are 0 or 1.
void tell_numbers_apart(WeightBuilder& w, int numbers) {
  w.relu(0, 0, {{"is_number", 1}, {"bits", 1}, {"asserts", -1}, {"one", -1}}, {{"is_entry", 1}});
  w.relu(0, 1, {{"is_number", 1}, {"bits", -1}, {"asserts", -1}}, {{"is_digit", 1}});
  w.relu(0, 2, {{"number", 1}, {"bits", -numbers}, {"asserts", -numbers}}, {{"digit", 1}});
  // digit_of_j = relu(c - j' + 1) - 2 relu(c - j') + relu(c - j' - 1) = [c = j'] for c commas and j' = j + kCommasBefore.
  // Tokens of the header that are no numbers stay below every step.
  for (int step = 0; step < kSteps; ++step) {
    WeightBuilder::Values writes;
    for (int j = 0; j < kPointers; ++j)
      if (const int distance = step - (j + 1); distance >= -1 && distance <= 1)
        writes.push_back({of_variable("digit_of", j), distance == 0 ? -2 : 1});
    const int far = 2 * kPointers;
    w.relu(0, 3 + step, {{"commas", 1}, {"one", -(step - 1 + kCommasBefore) - far}, {"is_number", far}}, writes);
  }
}

/// Block 1: registers with the value channels c and s.
void track_pointers(WeightBuilder& w, bool binary) {
  for (int j = 0; j < kPointers; ++j) {
    w.reads("1.q", j, {{of_variable("asked", j), 1}});
    w.reads("1.k", j, {{of_variable("swap", j), 1}, {of_variable("digit_of", j), 1}});
  }
  w.reads("1.v", 0, {{"digit", 1}});
  w.reads("1.a", 0, {{"one", 1}});  // alpha = 1: nothing is forgotten
  w.reads("1.b", 0, {{"is_assign", 1}});
  w.writes("1.o", "pointer", {{0, 1}});
  if (!binary) return;
  w.reads("1.b", 0, {{"is_digit", Rational(1, 4)}});
  w.reads("1.v", 1, {{"is_digit", 1}});
  w.writes("1.o", "places", {{1, 1}});
}

/// Block 2: the look-up, and which of bit and pointer is asked for.
void look_up(WeightBuilder& w, int numbers, bool binary) {
  const int whole = binary ? 2 : 1;  // what 1 counts in the query where no register is read
  w.reads("2.q", 0, {{"pointer", 1}, {"index", whole}});
  w.reads("2.q", 1, {{"one", whole}, {"places", -1}});
  w.reads("2.k", 0, {{"commas", 1}});
  w.reads("2.k", 1, {{"one", 1}});
  w.reads("2.k", 2, {{"one", 1}, {"is_entry", -1}});
  w.reads("2.v", 0, {{"number", 1}});
  w.reads("2.v", 1, {{"commas", 1}});
  w.writes("2.o", "bit", {{0, 1}});
  w.writes("2.o", "found", {{1, 1}});
  w.relu(2, 0, {{"bit", 1}, {"bits", 1}, {"one", -1}}, {{"answer", 1}});
  w.relu(2, 1, {{"found", 1}, {"bits", -numbers}}, {{"answer", 1}});
  read_out_number(w, "answer", numbers);
}

BuiltModel build(int numbers, const std::string& pointers) {
  const bool binary = pointer_encoding(pointers) == PointerEncoding::binary;
  const TaskOptions options{{"numbers", std::to_string(numbers)}, {"pointers", pointers}};
  WeightBuilder w = builder(make_task("state_based_recall", options)->vocabulary());
  embed_program(w, numbers);
  if (!binary) w.embed("|", {{"number", 1}, {"is_number", 1}});
  for (const auto& [token, coordinate] :
       {std::pair{",", "is_comma"}, {"\n", "is_newline"}, {"assert", "is_assert"}, {"bits", "is_bits"}, {"=", "is_assign"}})
    w.embed(token, {{coordinate, 1}});
  for (const char* conv : {"0.q", "0.k"}) w.filter(conv, {{0, 1}});
  count_the_line(w);
  look_back_at_names(w, 0, 2);
  tell_numbers_apart(w, numbers);
  track_pointers(w, binary);
  look_up(w, numbers, binary);
  return {w.spec(), w.weights(), "state_based_recall", options};
}

}  // namespace

BuiltModel build_state_based_recall_delta_rule_first_unary(int numbers) {
  return build(numbers, "unary");
}

BuiltModel build_state_based_recall_delta_rule_first_binary(int numbers) {
  return build(numbers, "binary");
}

}  // namespace separatrix
