// What all tasks share: their options, the vocabulary, and the way from a draft to an example.
#pragma once
#include "tasks/settings.h"
#include "tasks/vocabulary.h"

namespace separatrix {

/// The flags of shortcuts that guess this, in the order of shortcuts(): 1 where a guess is not the answer.
inline std::vector<std::uint8_t> fails_of(int answer, std::initializer_list<int> guesses) {
  std::vector<std::uint8_t> fails;
  for (const int guess : guesses) fails.push_back(guess != answer);
  return fails;
}

class GeneratedTask : public Task {
 public:
  std::string name() const override { return settings_.task(); }
  std::vector<TaskOption> options() const override { return settings_.list(); }
  const std::vector<std::string>& vocabulary() const override { return vocabulary_.tokens(); }
  using Task::sample;
  Example sample(Rng rng, int n) const override;

 protected:
  GeneratedTask(const std::string& name, const TaskOptions& given) : settings_(name, given) {}
  /// Reads the options all tasks have; `loss` is the default of the option of that name, with its reason.
  void read_common(const std::string& loss, const std::string& loss_reason);
  /// Ends the reading of options; the symbols' ids are their indices.
  void set_symbols(std::vector<Symbol> symbols);
  /// Writes the program of difficulty n, its answers and its shortcut flags.
  virtual void write(Rng& rng, int n, Draft& draft) const = 0;
  /// What to do about a difficulty that is out of range.
  virtual std::string range_advice() const { return ""; }

  Settings settings_;
  Tokenisation tokenisation_;

 private:
  Vocabulary vocabulary_;
};

}  // namespace separatrix
