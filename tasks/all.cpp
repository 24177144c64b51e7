// The list of tasks: a new one is a file that defines make_<name> and a line in each of the two lists below.
#include "tasks/nearest.h"
#include "tasks/task.h"

namespace separatrix {

std::unique_ptr<Task> make_state_tracking(const TaskOptions& options);
std::unique_ptr<Task> make_recall(const TaskOptions& options);
std::unique_ptr<Task> make_state_based_recall(const TaskOptions& options);
std::unique_ptr<Task> make_polish_formula(const TaskOptions& options);
std::unique_ptr<Task> make_word_problem(const TaskOptions& options);

namespace {

struct Entry {
  const char* name;
  std::unique_ptr<Task> (*make)(const TaskOptions&);
};
constexpr Entry kTasks[] = {
    {"state_tracking", make_state_tracking},
    {"recall", make_recall},
    {"state_based_recall", make_state_based_recall},
    {"polish_formula", make_polish_formula},
    {"word_problem", make_word_problem},
};

}  // namespace

const std::vector<std::string>& task_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Entry& entry : kTasks) all.emplace_back(entry.name);
    return all;
  }();
  return names;
}

std::unique_ptr<Task> make_task(const std::string& name, const TaskOptions& options) {
  for (const Entry& entry : kTasks)
    if (name == entry.name) return entry.make(options);
  fail("unknown task '{}'; did you mean '{}'? (known: {})", name, nearest(name, task_names()), fmt::join(task_names(), ", "));
}

}  // namespace separatrix
