// Runs a built model on program text, given as tokens by name.
#pragma once
#include <map>
#include <sstream>

#include "constructions/construction.h"
#include "models/instances.h"
#include "models/numbers/from_exact.h"

namespace separatrix {

/// A model of a task over T, and the ids of its tokens.
template <Field T>
class TokenRunner {
 public:
  using State = typename Model<T>::State;

  TokenRunner(const BuiltModel& built, const Weights<T>& weights)
      : model_(built.spec, weights), names_(make_task(built.task, built.options)->vocabulary()) {
    if (static_cast<int>(names_.size()) != built.spec.vocab)
      fail("the model has {} tokens, its task {} has {}", built.spec.vocab, built.task, names_.size());
    for (std::size_t i = 0; i < names_.size(); ++i) ids_[names_[i]] = static_cast<int>(i);
  }

  State start() const { return model_.start(); }
  /// Feeds words separated by blanks; "\\n" is the newline token.
  void feed(State& state, const std::string& words) const {
    for (const int token : tokens(words)) model_.read(state, token);
  }
  void feed(State& state, int token) const { model_.read(state, token); }
  /// The logits after these words; `state` is not changed.
  Row<T> logits_after(State state, const std::string& words) const {
    const std::vector<int> all = tokens(words);
    for (std::size_t i = 0; i + 1 < all.size(); ++i) model_.read(state, all[i]);
    return all.empty() ? Row<T>{} : model_.step(state, all.back());
  }
  Row<T> logits(State& state, int token) const { return model_.step(state, token); }
  /// The answer: the first token of largest logit.
  std::string answer(const Row<T>& logits) const { return names_[std::max_element(logits.begin(), logits.end()) - logits.begin()]; }

  std::vector<int> tokens(const std::string& words) const {
    std::vector<int> out;
    std::istringstream in(words);
    for (std::string word; in >> word;) out.push_back(id(word == "\\n" ? "\n" : word));
    return out;
  }
  int id(const std::string& name) const {
    const auto found = ids_.find(name);
    if (found == ids_.end()) fail("the model's task has no token '{}'", name);
    return found->second;
  }

 private:
  Model<T> model_;
  std::vector<std::string> names_;
  std::map<std::string, int> ids_;
};

template <Field T>
TokenRunner<T> token_runner(const BuiltModel& built) {
  return TokenRunner<T>(built, weights_as<T>(built.spec, built.weights));
}

}  // namespace separatrix
