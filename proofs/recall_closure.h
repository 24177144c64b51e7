// The search behind the statements on state-based recall for all lengths.  Breadth first over the states of a machine, fed the real
// tokens of every swap and every reveal that can follow a header: when the search ends, the machine is a finite automaton; equal
// states must have equal answers, and in every state every question is asked.  By induction over statements the answers are right
// after any number of swaps and reveals.  A machine has
//   State start(words)         the state after the header
//   std::string settle(State&) the text of a state between two statements; equal texts go on alike
//   void feed(State&, words)
//   void seal()                called once all states are known, before the questions
//   std::string answer(State, words)
//   std::string note()         what else it counted
#pragma once
#include <deque>

#include "proofs/claim.h"
#include "proofs/pointer_programs.h"

namespace separatrix {

/// What can be asked of variable v and the right answers; reveals of pointers only where the task has them.
inline std::vector<std::pair<std::string, std::string>> recall_questions(const PointerProgram& header, const TaskOptions& options,
                                                                         const Values& pointers, int v) {
  std::vector<std::pair<std::string, std::string>> all{{bit_question(variable_name(v)), std::to_string(header.bits[pointers[v]])}};
  if (option_of(options, "reveal", "both") != "bit") all.push_back({question_words(v), std::to_string(pointers[v])});
  return all;
}

template <class Machine>
class RecallClosure {
 public:
  using State = typename Machine::State;

  RecallClosure(Machine& machine, const TaskOptions& options, PointerProgram header)
      : machine_(machine), options_(options), header_(std::move(header)) {}

  Outcome run() {
    visit(machine_.start(header_words(header_, options_)), header_.pointers, "the header");
    for (std::size_t next = 0; next < nodes_.size() && cases_.failures() == 0; ++next) expand(nodes_[next]);
    machine_.seal();
    for (std::size_t i = 0; i < nodes_.size() && cases_.failures() == 0; ++i) ask(nodes_[i]);
    return cases_.done(fmt::format("{} states of the delta-rule blocks, {} transitions, {}{} questions", nodes_.size(),
                                   transitions_, machine_.note(), questions_));
  }

 private:
  struct Node {
    State state;
    Values pointers;  // one of the assignments that lead here
    std::string how;
  };

  std::vector<std::string> truths(const Values& pointers) const {
    std::vector<std::string> all;
    for (int v = 0; v < kPointerVariables; ++v)
      for (const auto& [question, answer] : recall_questions(header_, options_, pointers, v)) all.push_back(answer);
    return all;
  }

  void visit(State state, const Values& pointers, const std::string& how) {
    const auto [found, is_new] = truths_of_.emplace(machine_.settle(state), truths(pointers));
    cases_.expect(found->second == truths(pointers), [&] {
      return fmt::format("{} leads to pointers {}, but the state is one of other answers", how, values_text(pointers));
    });
    // Wrong weights may make states without end.
    cases_.expect(nodes_.size() < 20000, [&] { return fmt::format("{} leads beyond 20,000 states", how); });
    if (is_new) nodes_.push_back({std::move(state), pointers, how});
  }

  void follow(const Node& node, const std::string& words, const Values& pointers) {
    State state = node.state;
    machine_.feed(state, words);
    ++transitions_;
    visit(std::move(state), pointers, fmt::format("`{}` from pointers {}", words, values_text(node.pointers)));
  }

  /// By value: nodes_ grows meanwhile.
  void expand(const Node node) {
    for (int x = 0; x < kPointerVariables; ++x) {
      for (int y = 0; y < kPointerVariables; ++y)
        if (x != y) follow(node, swap_words(x, y), swapped(node.pointers, x, y));
      for (const auto& [question, answer] : recall_questions(header_, options_, node.pointers, x))
        follow(node, fmt::format("{} {} \\n", question, answer), node.pointers);
    }
  }

  void ask(const Node& node) {
    for (int v = 0; v < kPointerVariables; ++v)
      for (const auto& [question, answer] : recall_questions(header_, options_, node.pointers, v)) {
        const std::string got = machine_.answer(node.state, question);
        ++questions_;
        cases_.expect(got == answer, [&, question = question, answer = answer] {
          return fmt::format("after {}, `{}` is answered {} instead of {}", node.how, question, got, answer);
        });
      }
  }

  Machine& machine_;
  TaskOptions options_;
  PointerProgram header_;
  std::map<std::string, std::vector<std::string>> truths_of_;
  std::deque<Node> nodes_;
  std::int64_t transitions_ = 0, questions_ = 0;
  Cases cases_;
};

}  // namespace separatrix
