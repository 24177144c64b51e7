// Runs one token sequence after another and feeds only what comes after the part that it shares with the one before: over sequences
// in order, each node of their trie costs one step.
#pragma once
#include <algorithm>

#include "proofs/token_runner.h"

namespace separatrix {

template <Field T>
class SharedPrefix {
 public:
  using State = typename TokenRunner<T>::State;
  explicit SharedPrefix(const TokenRunner<T>& runner) : runner_(runner), states_{runner.start()} {}

  /// The state after all of `tokens`, from the start.
  const State& after(const std::vector<int>& tokens) {
    std::size_t same = 0;
    while (same < std::min(tokens.size(), tokens_.size()) && tokens[same] == tokens_[same]) ++same;
    states_.resize(same + 1, states_.front());
    for (std::size_t t = same; t < tokens.size(); ++t) {
      states_.push_back(states_.back());
      runner_.feed(states_.back(), tokens[t]);
    }
    tokens_ = tokens;
    return states_.back();
  }

 private:
  const TokenRunner<T>& runner_;
  std::vector<int> tokens_;
  std::vector<State> states_;  // after 0, 1, .. tokens
};

}  // namespace separatrix
