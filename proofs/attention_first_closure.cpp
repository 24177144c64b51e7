// Theorem 1 for every number of swaps and reveals, attention before the delta rule.
// bounded_attention.h turns the attention blocks into a table: what the delta-rule blocks read of a token after the header is the
// same after every history with, or without, an `assert`.  The delta-rule blocks with this table as embedding are a model of delta
// rules alone, whose exact states after the header's are searched.
#include "proofs/bounded_attention.h"
#include "proofs/recall_closure.h"
#include "proofs/state_text.h"
#include "proofs/token_runner.h"

namespace separatrix {
namespace {

using Tail = Model<RootTwo>;

/// The delta-rule blocks; tokens 0 .. V - 1 are the model's before the first `assert` after the header, V .. 2 V - 1 the same after
/// it.
Spec tail_spec(const Spec& spec) {
  Spec tail = spec;
  tail.blocks.erase(tail.blocks.begin(), tail.blocks.begin() + leading_attention_blocks(spec));
  tail.vocab = 2 * spec.vocab;
  return tail;
}

/// Coordinates of the residual stream that a delta-rule block, its MLP or the read-out reads.
std::set<std::size_t> read_coordinates(const Spec& tail, const Weights<RootTwo>& w) {
  std::set<std::size_t> read;
  for (const Parameter& p : w.layout()) {
    const bool reads = p.name != "model.embed_tokens.weight" && p.shape.size() == 2 && p.shape[1] == tail.width &&
                       p.name.find("o_proj") == std::string::npos && p.name.find("down_proj") == std::string::npos;
    const std::span<const RootTwo> values = w[p.name];
    for (std::size_t i = 0; i < values.size() && reads; ++i)
      if (!values[i].is_zero()) read.insert(i % tail.width);
  }
  return read;
}

class AttentionFirst {
 public:
  struct State {
    Tail::State blocks;
    bool asserted = false;
  };

  AttentionFirst(const BuiltModel& model, const PointerProgram& header)
      : runner_(token_runner<RootTwo>(model)),
        spec_(model.spec),
        weights_(weights_as<RootTwo>(model.spec, model.weights)),
        header_(header),
        options_(model.options) {
    if (leading_attention_blocks(spec_) == 0) fail("the search needs attention blocks, then delta-rule blocks");
    names_ = make_task(model.task, model.options)->vocabulary();
  }

  State start(const std::string& words) {
    auto state = runner_.start();
    runner_.feed(state, words);
    tail_.emplace(tail_spec(spec_), tail_weights(bounded_rows(spec_, weights_, state, later_tokens())));
    State after{tail_->start()};
    std::copy(state.mixers.begin() + leading_attention_blocks(spec_), state.mixers.end(), after.blocks.mixers.begin());
    return after;
  }
  void feed(State& state, const std::string& words) const {
    for (const int token : runner_.tokens(words)) tail_->trace(state.blocks, row_of(state, token));
  }
  std::string settle(State& state) { return (state.asserted ? "asserted " : "") + delta_text_of<RootTwo>(state.blocks).all; }
  void seal() {}
  std::string answer(State state, const std::string& words) const {
    Row<RootTwo> y;
    for (const int token : runner_.tokens(words)) y = tail_->step(state.blocks, row_of(state, token));
    y.resize(spec_.vocab);
    return runner_.answer(y);
  }
  std::string note() const { return fmt::format("{} tokens after the header with bounded averages, ", rows_); }

 private:
  int row_of(State& state, int token) const {
    state.asserted = state.asserted || names_[token] == "assert";
    return token + (state.asserted ? spec_.vocab : 0);
  }

  LaterTokens later_tokens() const {
    std::set<int> swaps, asserts;
    for (int x = 0; x < kPointerVariables; ++x)
      for (int y = 0; y < kPointerVariables; ++y) {
        for (const int token : runner_.tokens(swap_words(x, y))) swaps.insert(token);
        Values pointers = header_.pointers;
        std::swap(pointers[x], pointers[y]);
        for (const auto& [question, answer] : recall_questions(header_, options_, pointers, x))
          for (const int token : runner_.tokens(question + " " + answer + " \\n")) asserts.insert(token);
      }
    asserts.insert(swaps.begin(), swaps.end());
    return {{swaps.begin(), swaps.end()}, {asserts.begin(), asserts.end()}, runner_.id("assert")};
  }

  /// The weights of the delta-rule blocks behind a table of the rows.
  Weights<RootTwo> tail_weights(const std::map<LaterToken, Ranges>& rows) {
    const Spec tail = tail_spec(spec_);
    const int first = leading_attention_blocks(spec_);
    rows_ = rows.size();
    Weights<RootTwo> w(tail);
    for (std::size_t block = 0; block < tail.blocks.size(); ++block) {
      const std::string to = fmt::format("model.layers.{}.", block), from = fmt::format("model.layers.{}.", first + block);
      for (const Parameter& p : w.layout())
        if (p.name.starts_with(to)) {
          const auto values = weights_[from + p.name.substr(to.size())];
          std::copy(values.begin(), values.end(), w[p.name].begin());
        }
    }
    const auto head = weights_["lm_head.weight"];
    std::copy(head.begin(), head.end(), w["lm_head.weight"].begin());
    const std::set<std::size_t> read = read_coordinates(tail, w);
    for (const auto& [token, row] : rows)
      for (const std::size_t c : read) {
        if (!row[c].exact())
          fail("`{}` after the header: coordinate {} of what the delta rule reads depends on the history", names_[token.id], c);
        w["model.embed_tokens.weight"][(token.id + (token.asserted ? spec_.vocab : 0)) * tail.width + c] = row[c].lo;
      }
    return w;
  }

  TokenRunner<RootTwo> runner_;
  Spec spec_;
  Weights<RootTwo> weights_;
  PointerProgram header_;
  TaskOptions options_;
  std::vector<std::string> names_;
  std::optional<Tail> tail_;
  std::size_t rows_ = 0;
};

Outcome closure_over(const BuiltModel& model, const PointerProgram& header) {
  most_bits(model);
  AttentionFirst machine(model, header);
  return RecallClosure(machine, model.options, header).run();
}

}  // namespace

Outcome check_attention_first_all_lengths(const BuiltModel& model) {
  return closure_over(model, {{1, 0}, {1, 0, 0, 1, 0}, {}});
}

Outcome check_attention_first_all_lengths_deep(const BuiltModel& model) {
  return closure_over(model, {{0, 1, 1, 0, 1, 0, 0}, {6, 0, 4, 2, 1}, {}});
}

}  // namespace separatrix
