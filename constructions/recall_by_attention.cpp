// Recall by hard attention without positions: the layer-norm hash (Merrill and Sabharwal 2024; paper, Appendix B).
// Bit i of `bits = [x_0, x_1, ...]` is known by its direction (i, 1): cos of the angle to (q, 1) is largest at i = q alone.
//   block 0  uniform over all tokens: commas, closing brackets and the first word, all divided by t + 1
//            -> at x_i: (i, 0, 1) / (t + 1)
//   block 1  rightmost number so far -> at `==`: the index q
//   block 2  query (q, 1, 0, 0); key (commas, first word, closing brackets, [not a bit]) by angle; value +1 or -1
// A number after the list has closing brackets in its key, any other token the last entry: both stand off the plane of the
// query, so the right bit wins alone, at every length, with the same weights.
#include "constructions/construction.h"
#include "constructions/theory_blocks.h"
#include "constructions/weight_builder.h"

namespace separatrix {
namespace {

Spec three_attention_blocks() {
  return theory_spec({hard_attention_block(1, 3, HardKeys::as_given, 0),
                      hard_attention_block(1, 1, HardKeys::as_given, 0, Score::rightmost),
                      hard_attention_block(1, 4, HardKeys::unit, 0)});
}

}  // namespace

BuiltModel build_recall_by_attention(int numbers) {
  const TaskOptions options{{"numbers", std::to_string(numbers)}};
  const auto task = make_task("recall", options);
  WeightBuilder w(three_attention_blocks(), task->vocabulary(),
                  {"one", "number", "is_number", "not_a_bit", "sign", "is_comma", "is_close", "is_bits",  // of the token itself
                   "commas", "closes", "first",                                                           // block 0
                   "index", "bit"});                                                                      // blocks 1, 2
  w.embed_all({{"one", 1}, {"not_a_bit", 1}});
  w.embed(",", {{"is_comma", 1}});
  w.embed("]", {{"is_close", 1}});
  w.embed("bits", {{"is_bits", 1}});
  for (int i = 0; i < numbers; ++i) w.embed(std::to_string(i), {{"number", i}, {"is_number", 1}});
  w.embed("0", {{"not_a_bit", 0}, {"sign", -1}});
  w.embed("1", {{"not_a_bit", 0}, {"sign", 1}});

  // Zero scores tie everywhere: the average over all tokens so far.
  w.reads("0.v", 0, {{"is_comma", 1}});
  w.reads("0.v", 1, {{"is_close", 1}});
  w.reads("0.v", 2, {{"is_bits", 1}});
  w.writes("0.o", "commas", {{0, 1}});
  w.writes("0.o", "closes", {{1, 1}});
  w.writes("0.o", "first", {{2, 1}});

  w.reads("1.q", 0, {{"one", 1}});
  w.reads("1.k", 0, {{"is_number", 1}});
  w.reads("1.v", 0, {{"number", 1}});
  w.writes("1.o", "index", {{0, 1}});

  w.reads("2.q", 0, {{"index", 1}});
  w.reads("2.q", 1, {{"one", 1}});
  w.reads("2.k", 0, {{"commas", 1}});
  w.reads("2.k", 1, {{"first", 1}});
  w.reads("2.k", 2, {{"closes", 1}});
  w.reads("2.k", 3, {{"not_a_bit", 1}});
  w.reads("2.v", 0, {{"sign", 1}});
  w.writes("2.o", "bit", {{0, 1}});

  w.logit_all({{"one", -2}});
  w.logit("0", {{"one", 0}, {"bit", -1}});
  w.logit("1", {{"one", 0}, {"bit", 1}});
  return {w.spec(), w.weights(), "recall", options};
}

}  // namespace separatrix
