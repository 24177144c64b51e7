#include "experiments/harness/evaluate.h"

#include <algorithm>

#include "experiments/harness/batch.h"

namespace separatrix {
namespace {

/// Adds one example, of which `predicted` (length) are the model's tokens.
void add(Tally& tally, const Example& example, std::span<const std::int32_t> predicted) {
  const auto right = [&](const Answer& a) { return predicted[static_cast<std::size_t>(a.position) - 1] == a.id; };
  for (const Answer& answer : example.answers) tally.answers_correct += right(answer);
  tally.answers_counted += static_cast<int>(example.answers.size());
  const bool correct = right(example.answers.back());
  tally.correct += correct;
  ++tally.counted;
  for (std::size_t s = 0; s < tally.shortcuts.size(); ++s) {
    const bool fails = example.shortcut_fails[s] != 0;
    tally.shortcuts[s].right += !fails;
    tally.shortcuts[s].counted += fails;
    tally.shortcuts[s].correct += fails && correct;
  }
}

}  // namespace

std::string stream_name(Purpose purpose) {
  return purpose == Purpose::select ? "select" : purpose == Purpose::report ? "report" : "curriculum";
}

Tally evaluate(const Predictor& predict, const Task& task, int difficulty, const Stream& stream) {
  Tally tally;
  tally.stream = stream_name(stream.purpose);
  tally.difficulty = difficulty;
  for (const Shortcut& shortcut : task.shortcuts()) tally.shortcuts.push_back({shortcut.name});
  for (int first = 0; first < stream.samples; first += stream.batch) {
    std::vector<Example> examples;
    for (int i = first; i < std::min(first + stream.batch, stream.samples); ++i)
      examples.push_back(task.sample(stream.seed, stream.purpose, difficulty, stream.first + static_cast<std::uint64_t>(i)));
    const Batch batch = pack(examples, Counted::answers);
    const std::vector<std::int32_t> predicted = predict(batch);
    for (std::size_t b = 0; b < examples.size(); ++b)
      add(tally, examples[b],
          std::span(predicted).subspan(b * static_cast<std::size_t>(batch.length), static_cast<std::size_t>(batch.length)));
  }
  return tally;
}

}  // namespace separatrix
