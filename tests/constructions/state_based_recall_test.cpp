// The constructions for state-based recall, against the independent interpreter of programs.
#include "constructions/construction.h"
#include "models/instances.h"
#include "proofs/pointer_programs.h"
#include "proofs/token_runner.h"
#include "tasks/interpreter.h"
#include "tests/catch.h"

using namespace separatrix;

namespace {

/// Blanks stand between words, but not in a string.
std::string text_of(const std::string& words) {
  std::string text;
  bool quoted = false;
  std::istringstream in(words);
  for (std::string word; in >> word;) {
    if (word == "'") quoted = !quoted;
    text += word == "\\n" ? "\n" : word + (quoted ? "" : " ");
  }
  return text;
}

/// Every question of one program, each answered as the interpreter answers it.
template <Field T>
void check_questions(const TokenRunner<T>& runner, const std::string& program, const std::vector<std::string>& questions) {
  auto state = runner.start();
  runner.feed(state, program);
  for (const std::string& question : questions) {
    INFO(text_of(program + " " + question));
    CHECK(runner.answer(runner.logits_after(state, question)) == std::to_string(run_program(text_of(program + " " + question))));
  }
}

std::vector<std::string> all_questions(int bits, bool pointers) {
  std::vector<std::string> questions;
  for (int v = 0; v < kPointerVariables; ++v) {
    questions.push_back(bit_question(variable_name(v)));
    if (pointers) questions.push_back(question_words(v));
  }
  for (int i = 0; i < bits && pointers; ++i) questions.push_back(bit_question(std::to_string(i)));
  return questions;
}

}  // namespace

TEST_CASE("both orders of layers answer bits of variables, bits of numbers and pointers, after reveals of each kind") {
  const std::string header = "bits = [ 0 , 1 , 1 , 0 , 1 ] \\n a , b , c , d , e = 4 , 0 , 2 , 3 , 4 \\n";
  const std::vector<std::string> programs = {
      header, header + " a , c = c , a \\n assert bits [ a ] == 1 \\n e , b = b , e \\n assert e == 0 \\n",
      header + " assert bits [ 3 ] == 0 \\n assert d == 3 \\n d , a = a , d \\n assert bits [ 1 ] == 1 \\n b , d = d , b \\n"};
  for (const auto build : {build_state_based_recall_delta_rule_first, build_state_based_recall_attention_first}) {
    const BuiltModel built = build(9);
    for (const std::string& program : programs) {
      check_questions(token_runner<RootTwo>(built), program, all_questions(5, true));
      check_questions(token_runner<float>(built), program, all_questions(5, true));
    }
  }
}

TEST_CASE("pointers in unary and in binary are read, tracked, dereferenced and shown") {
  const std::string list = "bits = [ 0 , 1 , 1 , 0 , 1 ] \\n a , b , c , d , e = ";
  const std::string unary = list + "len ( ' | | | | ' ) , len ( ' ' ) , len ( ' | | ' ) , len ( ' | | | ' ) , len ( ' | ' ) \\n";
  const std::string binary = list +
                             "int ( ' 0 0 1 ' [::-1],2 ) , int ( ' 0 0 0 ' [::-1],2 ) , int ( ' 0 1 0 ' [::-1],2 ) , "
                             "int ( ' 1 1 0 ' [::-1],2 ) , int ( ' 1 0 0 ' [::-1],2 ) \\n";
  const std::string later =
      " a , c = c , a \\n assert bits [ a ] == 1 \\n assert bits [ 3 ] == 0 \\n e , b = b , e \\n "
      "assert e == 0 \\n d , a = a , d \\n";
  for (const auto& [build, header] : {std::pair{&build_state_based_recall_delta_rule_first_unary, unary},
                                      {&build_state_based_recall_delta_rule_first_binary, binary},
                                      {&build_state_based_recall_attention_first_unary, unary}}) {
    const BuiltModel built = build(9);
    for (const std::string& program : {header, header + later}) {
      check_questions(token_runner<RootTwo>(built), program, all_questions(5, true));
      check_questions(token_runner<float>(built), program, all_questions(5, true));
    }
  }
}

TEST_CASE("delta rules alone answer when the pointers come first") {
  const BuiltModel built = build_state_based_recall_pointers_first(9);
  const std::string header = "a , b , c , d , e = 4 , 0 , 2 , 3 , 4 \\n bits = [ 0 , 1 , 1 , 0 , 1 ] \\n";
  for (const std::string& program :
       {header,
        header + " a , c = c , a \\n assert bits [ a ] == 1 \\n e , b = b , e \\n assert bits [ e ] == 0 \\n d , a = a , d \\n"}) {
    check_questions(token_runner<RootTwo>(built), program, all_questions(5, false));
    check_questions(token_runner<float>(built), program, all_questions(5, false));
  }
}

TEST_CASE("the delta rule before attention does not mind whether pointers or bits come first") {
  const BuiltModel built = build_state_based_recall_delta_rule_first(9);
  const std::string header = "a , b , c , d , e = 4 , 0 , 2 , 3 , 4 \\n bits = [ 0 , 1 , 1 , 0 , 1 ] \\n";
  check_questions(token_runner<RootTwo>(built), header + " a , c = c , a \\n d , a = a , d \\n", all_questions(5, true));
}

TEST_CASE("the layers of the constructions do not grow with the vocabulary") {
  for (const auto build : {build_state_based_recall_delta_rule_first, build_state_based_recall_delta_rule_first_unary,
                           build_state_based_recall_delta_rule_first_binary, build_state_based_recall_attention_first,
                           build_state_based_recall_attention_first_unary, build_state_based_recall_pointers_first}) {
    const BuiltModel small = build(8), large = build(50);
    CHECK(small.spec.blocks == large.spec.blocks);
    CHECK(small.spec.width == large.spec.width);
  }
}
