// The proof for all lengths.  Breadth-first search over the exact states of the whole model, fed the real tokens of every
// statement: the search ends, so the model is a finite automaton; each state belongs to one assignment of values; every read-out in
// every state is right.  By induction over statements the model is right after any number of swaps and reveals.
#include <deque>
#include <set>

#include "proofs/claim.h"
#include "proofs/state_text.h"
#include "proofs/swap_programs.h"
#include "proofs/token_runner.h"

namespace separatrix {
namespace {

class Closure {
 public:
  explicit Closure(const BuiltModel& model)
      : runner_(token_runner<RootTwo>(model)), variables_(variables_of(model)), positions_(model.spec.learned_positions) {
    for (std::size_t i = 2; i <= static_cast<std::size_t>(variables_); ++i) permutations_ *= i;
  }

  Outcome run() {
    if (positions_ > 0) fail("a model with learned positions has no finite set of states");
    auto state = runner_.start();
    runner_.feed(state, header_words(variables_));
    visit(state, initial_values(variables_), "the header");
    while (!queue_.empty() && cases_.failures() == 0) {
      const Node node = std::move(queue_.front());
      queue_.pop_front();
      expand(node);
    }
    cases_.expect(registers_.size() == permutations_ || cases_.failures() > 0, [&] {
      return fmt::format("{} register states instead of {}! = {}", registers_.size(), variables_, permutations_);
    });
    return cases_.done(fmt::format("{} register states, {} with the convolutions' tails; {} transitions and {} read-outs right",
                                   registers_.size(), values_of_.size(), transitions_, readouts_));
  }

 private:
  struct Node {
    Model<RootTwo>::State state;
    Values values;
    std::string how;  // the last statement on the way to it
  };

  /// A state reached by `how` where the variables have these values.
  void visit(const Model<RootTwo>::State& state, const Values& values, const std::string& how) {
    const StateText text = text_of<RootTwo>(state);
    const auto [found, is_new] = values_of_.emplace(text.all, values);
    cases_.expect(found->second == values, [&] {
      return fmt::format("{} leads to values {}, but the state is that of {}", how, values_text(values),
                         values_text(found->second));
    });
    if (!is_new) return;
    // With more register states than permutations the search need not end.
    registers_.insert(text.registers);
    cases_.expect(registers_.size() <= permutations_,
                  [&] { return fmt::format("{} leads to a register state beyond the {}! = {}", how, variables_, permutations_); });
    queue_.push_back({state, values, how});
  }

  void follow(const Node& node, const std::string& words, const Values& values) {
    auto state = node.state;
    runner_.feed(state, words);
    ++transitions_;
    visit(state, values, fmt::format("`{}` from values {}", words, values_text(node.values)));
  }

  void expand(const Node& node) {
    for (int v = 0; v < variables_; ++v) {
      const std::string question = question_words(v), want = std::to_string(node.values[v]);
      const std::string got = runner_.answer(runner_.logits_after(node.state, question));
      ++readouts_;
      cases_.expect(got == want,
                    [&] { return fmt::format("after {}, `{}` is answered {} instead of {}", node.how, question, got, want); });
      follow(node, question + " " + want + " \\n", node.values);
    }
    for (int x = 0; x < variables_; ++x)
      for (int y = 0; y < variables_; ++y)
        if (x != y) follow(node, swap_words(x, y), swapped(node.values, x, y));
  }

  TokenRunner<RootTwo> runner_;
  int variables_, positions_;
  std::size_t permutations_ = 1;
  std::map<std::string, Values> values_of_;
  std::set<std::string> registers_;
  std::deque<Node> queue_;
  std::int64_t transitions_ = 0, readouts_ = 0;
  Cases cases_;
};

}  // namespace

Outcome check_swap_closure(const BuiltModel& model) {
  return Closure(model).run();
}

}  // namespace separatrix
