// The list of tasks.
#include "tasks/nearest.h"
#include "tasks/task.h"

namespace separatrix {

const std::vector<std::string>& task_names() {
  static const std::vector<std::string> names;
  return names;
}

std::unique_ptr<Task> make_task(const std::string& name, const TaskOptions&) {
  fail("unknown task '{}'; did you mean '{}'?", name, nearest(name, task_names()));
}

}  // namespace separatrix
