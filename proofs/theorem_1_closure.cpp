// Theorem 1 for every number of swaps and reveals, delta rule before attention.
// The delta-rule blocks do not see the attention block, so a breadth-first search over their exact states, fed the real tokens of
// every statement, ends: they are a finite automaton.  The attention block gets a key per token, and the search collects all keys
// K that any statement can push.  In every state each question is then asked with all of K present and their values poisoned:
// a right answer says that no token after the header ever wins or ties, so how often and in which order they came cannot matter.
#include <deque>
#include <set>

#include "proofs/claim.h"
#include "proofs/pointer_programs.h"
#include "proofs/token_runner.h"

namespace separatrix {
namespace {

using State = Model<RootTwo>::State;
using DeltaState = GatedDeltaRuleLayer<RootTwo>::State;
using Seen = AttentionLayer<RootTwo>::State;
constexpr int kPoison = 1000;

class HybridClosure {
 public:
  HybridClosure(const BuiltModel& model, PointerProgram header)
      : runner_(token_runner<RootTwo>(model)), options_(model.options), header_(std::move(header)) {
    for (std::size_t i = 0; i < model.spec.blocks.size(); ++i)
      if (std::holds_alternative<Attention>(model.spec.blocks[i].mixer) != (i + 1 == model.spec.blocks.size()))
        fail("the search needs delta-rule blocks, then one attention block");
    if (model.spec.learned_positions > 0) fail("a model with learned positions has no finite set of states");
  }

  Outcome run() {
    State state = runner_.start();
    runner_.feed(state, header_words(header_, options_));
    seen_ = attention(state);
    visit(state, header_.pointers, "the header");
    for (std::size_t next = 0; next < nodes_.size() && cases_.failures() == 0; ++next) expand(nodes_[next]);
    poison();
    for (std::size_t i = 0; i < nodes_.size() && cases_.failures() == 0; ++i) ask(nodes_[i]);
    return cases_.done(fmt::format("{} states of the delta-rule blocks, {} transitions, {} keys after the header, {} questions",
                                   nodes_.size(), transitions_, keys_.size(), questions_));
  }

 private:
  struct Node {
    State state;  // its attention part is the header's
    Values pointers;
    std::string how;
  };

  static Seen& attention(State& state) { return std::get<Seen>(state.mixers.back()); }

  static std::string text_of(const Row<RootTwo>& row) {
    std::string text;
    for (const RootTwo& x : row) text += to_text(x) + " ";
    return text;
  }
  static std::string delta_text(const State& state) {
    std::string text;
    for (const auto& mixer : state.mixers)
      if (const auto* delta = std::get_if<DeltaState>(&mixer)) {
        for (const Matrix<RootTwo>& S : delta->heads) text += text_of(S.values());
        for (const auto* tail : {&delta->q, &delta->k, &delta->v})
          for (const Row<RootTwo>& row : *tail) text += text_of(row);
      }
    return text;
  }

  void visit(State state, const Values& pointers, const std::string& how) {
    Seen& seen = attention(state);
    for (std::size_t t = seen_.keys.size(); t < seen.keys.size(); ++t) keys_.emplace(text_of(seen.keys[t]), seen.keys[t]);
    const auto [found, is_new] = pointers_of_.emplace(delta_text(state), pointers);
    cases_.expect(found->second == pointers, [&] {
      return fmt::format("{} leads to pointers {}, but the state is that of {}", how, values_text(pointers),
                         values_text(found->second));
    });
    // Wrong weights may make states without end.
    cases_.expect(nodes_.size() < 20000, [&] { return fmt::format("{} leads beyond 20,000 states", how); });
    if (!is_new) return;
    seen = seen_;
    nodes_.push_back({std::move(state), pointers, how});
  }

  void follow(const Node& node, const std::string& words, const Values& pointers) {
    State state = node.state;
    runner_.feed(state, words);
    ++transitions_;
    visit(std::move(state), pointers, fmt::format("`{}` from pointers {}", words, values_text(node.pointers)));
  }

  /// By value: nodes_ grows meanwhile.
  void expand(const Node node) {
    for (int x = 0; x < kPointerVariables; ++x) {
      for (int y = 0; y < kPointerVariables; ++y)
        if (x != y) follow(node, swap_words(x, y), swapped(node.pointers, x, y));
      for (const auto& [question, answer] : questions(node.pointers, x))
        follow(node, fmt::format("{} {} \\n", question, answer), node.pointers);
    }
  }

  std::vector<std::pair<std::string, int>> questions(const Values& pointers, int v) const {
    return {{bit_question(variable_name(v)), header_.bits[pointers[v]]}, {question_words(v), pointers[v]}};
  }

  void poison() {
    for (const auto& [text, key] : keys_) {
      seen_.keys.push_back(key);
      seen_.values.push_back(Row<RootTwo>(key.size(), RootTwo(kPoison)));
    }
  }

  void ask(const Node& node) {
    for (int v = 0; v < kPointerVariables; ++v)
      for (const auto& [question, answer] : questions(node.pointers, v)) {
        State state = node.state;
        attention(state) = seen_;
        const std::string got = runner_.answer(runner_.logits_after(state, question));
        ++questions_;
        cases_.expect(got == std::to_string(answer), [&, question = question, answer = answer] {
          return fmt::format("after {}, `{}` is answered {} instead of {}", node.how, question, got, answer);
        });
      }
  }

  TokenRunner<RootTwo> runner_;
  TaskOptions options_;
  PointerProgram header_;
  Seen seen_;  // what the attention block has seen of the header; in the end, of all tokens that may follow
  std::map<std::string, Row<RootTwo>> keys_;
  std::map<std::string, Values> pointers_of_;
  std::deque<Node> nodes_;
  std::int64_t transitions_ = 0, questions_ = 0;
  Cases cases_;
};

}  // namespace

Outcome check_theorem_1_all_lengths(const BuiltModel& model) {
  most_bits(model);
  return HybridClosure(model, {{1, 0}, {1, 0, 0, 1, 0}, {}}).run();
}

Outcome check_theorem_1_all_lengths_deep(const BuiltModel& model) {
  most_bits(model);
  return HybridClosure(model, {{0, 1, 1, 0, 1, 0, 0}, {6, 0, 4, 2, 1}, {}}).run();
}

}  // namespace separatrix
