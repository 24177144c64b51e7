#include "experiments/harness/batch.h"

#include <algorithm>

namespace separatrix {

void count(Batch& batch, std::span<const Example> examples, Counted counted) {
  const std::size_t length = static_cast<std::size_t>(batch.length);
  batch.mask.assign(examples.size() * length, 0);
  for (std::size_t b = 0; b < examples.size(); ++b) {
    const Example& e = examples[b];
    const auto at = [&](int position) -> std::uint8_t& { return batch.mask[b * length + static_cast<std::size_t>(position) - 1]; };
    if (counted == Counted::loss)
      for (std::size_t t = 1; t < e.tokens.size(); ++t) at(static_cast<int>(t)) = e.loss_mask[t];
    if (counted == Counted::answers)
      for (const Answer& answer : e.answers) at(answer.position) = 1;
    if (counted == Counted::last_answer) at(e.answers.back().position) = 1;
  }
}

Batch pack(std::span<const Example> examples, Counted counted) {
  std::size_t longest = 2;
  for (const Example& e : examples) longest = std::max(longest, e.tokens.size());
  Batch batch;
  batch.batch = static_cast<int>(examples.size());
  batch.length = static_cast<int>(longest) - 1;
  batch.tokens.assign(examples.size() * (longest - 1), 0);
  batch.targets = batch.tokens;
  for (std::size_t b = 0; b < examples.size(); ++b) {
    const std::vector<int>& tokens = examples[b].tokens;  // (tokens.size())
    for (std::size_t t = 0; t + 1 < tokens.size(); ++t) {
      batch.tokens[b * (longest - 1) + t] = tokens[t];
      batch.targets[b * (longest - 1) + t] = tokens[t + 1];
    }
  }
  count(batch, examples, counted);
  return batch;
}

int correct_last_answers(const Batch& batch, std::span<const Example> examples, std::span<const std::int32_t> predicted) {
  int correct = 0;
  for (std::size_t b = 0; b < examples.size(); ++b) {
    const Answer& last = examples[b].answers.back();
    correct += predicted[b * static_cast<std::size_t>(batch.length) + static_cast<std::size_t>(last.position) - 1] == last.id;
  }
  return correct;
}

std::int64_t real_tokens(std::span<const Example> examples) {
  std::int64_t total = 0;
  for (const Example& e : examples) total += static_cast<std::int64_t>(e.tokens.size()) - 1;
  return total;
}

}  // namespace separatrix
