// The parts of the Python module, one file each.
#pragma once
#include <nanobind/nanobind.h>

namespace separatrix {

void bind_tasks(nanobind::module_& m);
void bind_files(nanobind::module_& m);
void bind_delta_rule(nanobind::module_& m);

}  // namespace separatrix
