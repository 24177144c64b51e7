// A loop whose turns are shared out among the threads.
#pragma once
#include <omp.h>

#include <cstddef>
#include <exception>

namespace separatrix {

/// f(i) for 0 <= i < count, neighbours on the same thread; what f calls runs on that thread alone, matrix products too (a single
/// turn has all threads for itself).  The first exception is thrown again at the end.
template <class F>
void in_parallel(std::ptrdiff_t count, const F& f) {
  if (count == 1) return f(std::ptrdiff_t{0});
  std::exception_ptr error;
#pragma omp parallel
  {
    omp_set_num_threads(1);  // for this thread within this region: oneDNN asks how many it may use
#pragma omp for schedule(static)
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      try {
        f(i);
      } catch (...) {
#pragma omp critical(separatrix_in_parallel)
        if (!error) error = std::current_exception();
      }
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace separatrix
