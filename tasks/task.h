// A task: programs to be continued, drawn at random, with the right answers and the cheap ways to guess them.
// Every example is a pure function of (task, options, seed, purpose, difficulty, index), on every machine.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tasks/error.h"
#include "tasks/rng.h"

namespace separatrix {

/// A setting of a task.  The first of `choices` is not special; `value` is the default.
struct TaskOption {
  std::string name, value, choices, reason;
};
using TaskOptions = std::map<std::string, std::string>;

/// One answer the model must give: token `id` stands at `position`, so it is predicted at `position - 1`.
struct Answer {
  int position;
  int id;
};

/// One example.  tokens and loss_mask have the same length; loss_mask[t] = 1 when token t is a target of the loss.
struct Example {
  std::vector<int> tokens;
  std::vector<std::uint8_t> loss_mask;
  std::vector<Answer> answers;               // the last one is the question asked
  std::vector<std::uint8_t> shortcut_fails;  // one per Task::shortcuts()
  std::string text;                          // the program; ends with the final assert and its right value
  int difficulty = 0;
};

/// A cheap predictor of the final answer; its score is a floor below which an accuracy says nothing.
struct Shortcut {
  std::string name, meaning;
};

class Task {
 public:
  virtual ~Task() = default;
  virtual std::string name() const = 0;
  /// The task in one sentence.
  virtual std::string summary() const = 0;
  /// What the difficulty counts ("swaps", "bits", ...).
  virtual std::string difficulty_means() const = 0;
  virtual std::vector<TaskOption> options() const = 0;  // with the values in force
  virtual const std::vector<std::string>& vocabulary() const = 0;
  virtual const std::vector<Shortcut>& shortcuts() const = 0;
  /// Smallest and largest legal difficulty.
  virtual int min_difficulty() const = 0;
  virtual int max_difficulty() const = 0;
  /// The difficulties results are given at (the paper's, where it has the task), as far as the options allow.
  virtual std::vector<int> levels() const = 0;
  /// Example `rng` of difficulty n.  Throws Error when n is out of range.
  virtual Example sample(Rng rng, int n) const = 0;
  /// The right final answer (as token text) of a program, by brute force and independent of the generator.
  virtual std::string solve(const std::string& text) const = 0;

  /// Example `index` of the stream (seed, purpose, n).
  Example sample(std::uint64_t seed, Purpose purpose, int n, std::uint64_t index) const {
    return sample(draw(seed, purpose, static_cast<std::uint32_t>(n), index), n);
  }
};

/// Names of all tasks, in the order of the paper.  tasks/all.cpp is the list.
const std::vector<std::string>& task_names();
/// A task with its options set; an unknown name, option or value throws Error naming the nearest known one.
std::unique_ptr<Task> make_task(const std::string& name, const TaskOptions& options = {});

}  // namespace separatrix
