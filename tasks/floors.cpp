#include "tasks/floors.h"

namespace separatrix {

std::vector<Floor> measure_floors(const Task& task, int n, std::int64_t count, std::uint64_t seed) {
  if (count < 1) fail("floors: {} examples: wanted at least 1", count);
  task.sample(seed, Purpose::floors, n, 0);  // an illegal difficulty throws here, outside the parallel loop
  const std::size_t shortcuts = task.shortcuts().size();
  std::vector<std::int64_t> correct(shortcuts, 0);
  std::int64_t* const sums = correct.data();
#pragma omp parallel for schedule(static) reduction(+ : sums[:shortcuts])
  for (std::int64_t i = 0; i < count; ++i) {
    const Example example = task.sample(seed, Purpose::floors, n, static_cast<std::uint64_t>(i));
    for (std::size_t s = 0; s < shortcuts; ++s) sums[s] += example.shortcut_fails[s] == 0;
  }
  std::vector<Floor> floors;
  for (std::size_t s = 0; s < shortcuts; ++s) floors.push_back({n, task.shortcuts()[s].name, correct[s], count});
  return floors;
}

}  // namespace separatrix
