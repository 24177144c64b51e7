#include "tasks/generated_task.h"

namespace separatrix {

void GeneratedTask::read_common(const std::string& loss, const std::string& loss_reason) {
  tokenisation_.characters =
      settings_.choice("tokens", "symbol", {"symbol", "char"},
                       "one token per symbol makes the number of tokens a function of the difficulty, and an "
                       "answer one token; the paper names no tokenizer") == "char";
  tokenisation_.loss_on_all = settings_.choice("loss", loss, {"all", "answers"}, loss_reason) == "all";
  tokenisation_.bos = settings_.flag("bos", false, "the paper names no special token");
}

void GeneratedTask::set_symbols(std::vector<Symbol> symbols) {
  settings_.finish();
  vocabulary_ = Vocabulary(std::move(symbols), tokenisation_);
}

Example GeneratedTask::sample(Rng rng, int n) const {
  if (n < min_difficulty() || n > max_difficulty())
    fail("{}: difficulty {} ({}) is out of range: wanted {} to {}{}", name(), n, difficulty_means(), min_difficulty(),
         max_difficulty(), range_advice());
  Draft draft;
  write(rng, n, draft);
  return vocabulary_.encode(std::move(draft), n);
}

}  // namespace separatrix
