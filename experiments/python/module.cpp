// The module separatrix._separatrix.  What it offers is documented where users meet it: experiments/python/separatrix/*.py.
#include "experiments/python/module.h"

#include "tasks/error.h"

NB_MODULE(_separatrix, m) {
  nanobind::exception<separatrix::Error>(m, "Error", PyExc_ValueError);
  separatrix::bind_tasks(m);
  separatrix::bind_files(m);
  separatrix::bind_delta_rule(m);
}
