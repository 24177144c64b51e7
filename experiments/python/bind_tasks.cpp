// Tasks for Python: the arrays of `tasks sample --format safetensors`, handed over without a copy.
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "experiments/cli/task_output.h"
#include "experiments/python/arrays.h"
#include "experiments/python/module.h"

namespace nb = nanobind;

namespace separatrix {
namespace {

class PythonTask {
 public:
  PythonTask(const std::string& name, const TaskOptions& options) : task_(make_task(name, options)) {}

  /// {"tokens": (size, length) int32, ...} as as_safetensors names them: examples index .. index + size - 1.
  nb::dict batch(int difficulty, std::uint64_t seed, std::uint64_t index, std::int64_t size) const {
    if (size < 1) fail("size {}: wanted at least 1", size);
    Safetensors file;
    {
      nb::gil_scoped_release release;
      std::vector<Example> examples;
      examples.reserve(static_cast<std::size_t>(size));
      for (std::int64_t i = 0; i < size; ++i)
        examples.push_back(task_->sample(seed, Purpose::sample, difficulty, index + static_cast<std::uint64_t>(i)));
      file = as_safetensors(*task_, examples, difficulty);
    }
    nb::dict arrays;
    for (auto& [name, tensor] : file.tensors) {
      const auto bytes = std::make_shared<std::string>(std::move(tensor.bytes));
      arrays[name.c_str()] = tensor.dtype == DType::I32
                                 ? array_over(reinterpret_cast<std::int32_t*>(bytes->data()), tensor.shape, bytes)
                                 : array_over(reinterpret_cast<std::uint8_t*>(bytes->data()), tensor.shape, bytes);
    }
    return arrays;
  }

  std::string text(int difficulty, std::uint64_t seed, std::uint64_t index) const {
    return task_->sample(seed, Purpose::sample, difficulty, index).text;
  }
  std::vector<std::string> shortcuts() const {
    std::vector<std::string> names;
    for (const Shortcut& shortcut : task_->shortcuts()) names.push_back(shortcut.name);
    return names;
  }
  std::map<std::string, std::string> options() const {
    std::map<std::string, std::string> values;
    for (const TaskOption& option : task_->options()) values[option.name] = option.value;
    return values;
  }
  const Task& task() const { return *task_; }

 private:
  std::unique_ptr<Task> task_;
};

}  // namespace

void bind_tasks(nb::module_& m) {
  m.def("task_names", &task_names);
  nb::class_<PythonTask>(m, "Task")
      .def(nb::init<const std::string&, const TaskOptions&>(), nb::arg("name"), nb::arg("options"))
      .def("batch", &PythonTask::batch, nb::arg("difficulty"), nb::arg("seed"), nb::arg("index"), nb::arg("size"))
      .def("text", &PythonTask::text, nb::arg("difficulty"), nb::arg("seed"), nb::arg("index"))
      .def_prop_ro("name", [](const PythonTask& t) { return t.task().name(); })
      .def_prop_ro("summary", [](const PythonTask& t) { return t.task().summary(); })
      .def_prop_ro("difficulty_means", [](const PythonTask& t) { return t.task().difficulty_means(); })
      .def_prop_ro("levels", [](const PythonTask& t) { return t.task().levels(); })
      .def_prop_ro("vocabulary", [](const PythonTask& t) { return t.task().vocabulary(); })
      .def_prop_ro("shortcuts", &PythonTask::shortcuts)
      .def_prop_ro("options", &PythonTask::options);
}

}  // namespace separatrix
