// Theorem 1 for every number of swaps and reveals, delta rule before attention; and models of delta rules alone (Lemma 2).
// The delta-rule blocks do not see the attention block behind them, so a breadth-first search over their exact states, fed the real
// tokens of every statement, ends: they are a finite automaton.  The attention block gets a key per token, and the search collects
// all keys K that any statement can push.  In every state each question is then asked with all of K present and their values
// poisoned: a right answer says that no token after the header ever wins or ties, so how often and in which order they came cannot
// matter.
#include "proofs/recall_closure.h"
#include "proofs/state_text.h"
#include "proofs/token_runner.h"

namespace separatrix {
namespace {

constexpr int kPoison = 1000;

/// Delta-rule blocks, then at most one attention block.
class DeltaRulesFirst {
 public:
  using State = Model<RootTwo>::State;

  explicit DeltaRulesFirst(const BuiltModel& model) : runner_(token_runner<RootTwo>(model)) {
    for (std::size_t i = 0; i + 1 < model.spec.blocks.size(); ++i)
      if (std::holds_alternative<Attention>(model.spec.blocks[i].mixer))
        fail("the search needs delta-rule blocks, then at most one attention block");
    if (model.spec.learned_positions > 0) fail("a model with learned positions has no finite set of states");
  }

  State start(const std::string& words) {
    State state = runner_.start();
    runner_.feed(state, words);
    if (const Seen* seen = attention(state)) seen_ = *seen;
    return state;
  }
  void feed(State& state, const std::string& words) const { runner_.feed(state, words); }

  /// Keys after the header are collected, and forgotten in the state.
  std::string settle(State& state) {
    if (Seen* seen = attention(state)) {
      for (std::size_t t = seen_.keys.size(); t < seen->keys.size(); ++t) {
        std::string text;
        for (const RootTwo& x : seen->keys[t]) text += to_text(x) + " ";
        keys_.emplace(text, seen->keys[t]);
      }
      *seen = seen_;
    }
    return delta_text_of<RootTwo>(state).all;
  }

  void seal() {
    for (const auto& [text, key] : keys_) {
      seen_.keys.push_back(key);
      seen_.values.push_back(Row<RootTwo>(key.size(), RootTwo(kPoison)));
    }
  }

  std::string answer(State state, const std::string& words) const {
    if (Seen* seen = attention(state)) *seen = seen_;
    return runner_.answer(runner_.logits_after(state, words));
  }

  std::string note() const { return keys_.empty() ? "" : fmt::format("{} keys after the header, ", keys_.size()); }

 private:
  using Seen = AttentionLayer<RootTwo>::State;
  static Seen* attention(State& state) { return std::get_if<Seen>(&state.mixers.back()); }

  TokenRunner<RootTwo> runner_;
  Seen seen_;  // what the attention block has seen of the header; once sealed, of all tokens that may follow
  std::map<std::string, Row<RootTwo>> keys_;
};

Outcome closure_over(const BuiltModel& model, const PointerProgram& header) {
  most_bits(model);
  DeltaRulesFirst machine(model);
  return RecallClosure(machine, model.options, header).run();
}

}  // namespace

Outcome check_theorem_1_all_lengths(const BuiltModel& model) {
  return closure_over(model, {{1, 0}, {1, 0, 0, 1, 0}, {}});
}

Outcome check_theorem_1_all_lengths_deep(const BuiltModel& model) {
  return closure_over(model, {{0, 1, 1, 0, 1, 0, 0}, {6, 0, 4, 2, 1}, {}});
}

}  // namespace separatrix
