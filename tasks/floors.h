// Floors: how often each cheap predictor is right.  An accuracy at or below the highest floor says nothing.
#pragma once
#include <cstdint>
#include <vector>

#include "tasks/task.h"

namespace separatrix {

/// A shortcut's count over fresh examples of one difficulty.
struct Floor {
  int difficulty;
  std::string shortcut;
  std::int64_t correct, counted;
};

/// One row per shortcut, over examples 0 .. count - 1 of (seed, Purpose::floors, n); the same on every machine.
/// Throws Error when n is out of range or count < 1.
std::vector<Floor> measure_floors(const Task& task, int n, std::int64_t count, std::uint64_t seed);

}  // namespace separatrix
