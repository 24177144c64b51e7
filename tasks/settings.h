// The options of a task, read once: each call names an option, its default, what is allowed and why the default is what it is.
#pragma once
#include <string>
#include <vector>

#include "tasks/task.h"

namespace separatrix {

class Settings {
 public:
  Settings(std::string task, TaskOptions given) : task_(std::move(task)), given_(std::move(given)) {}

  /// One of a few words.
  std::string choice(const std::string& name, const std::string& fallback, const std::vector<std::string>& words,
                     const std::string& reason);
  /// An integer in [low, high].
  int integer(const std::string& name, int fallback, int low, int high, const std::string& reason);
  /// An integer in [low, high], or the one word; the word comes back as `word_means`.
  int integer_or(const std::string& name, const std::string& fallback, const std::string& word, int word_means, int low, int high,
                 const std::string& reason);
  bool flag(const std::string& name, bool fallback, const std::string& reason) {
    return choice(name, fallback ? "true" : "false", {"false", "true"}, reason) == "true";
  }
  /// Any text; the caller checks it.
  std::string text(const std::string& name, const std::string& fallback, const std::string& choices, const std::string& reason);
  /// Throws Error when an option was given that no call above has named.
  void finish() const;

  const std::string& task() const { return task_; }
  /// All options with the values in force.
  const std::vector<TaskOption>& list() const { return list_; }

 private:
  std::string task_;
  TaskOptions given_;
  std::vector<TaskOption> list_;
};

}  // namespace separatrix
