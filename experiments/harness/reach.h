// How far each construction is right in each arithmetic: theory meets the formats in which models are trained.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "constructions/construction.h"

namespace separatrix {

/// One construction in one number type.
struct Reach {
  std::string construction, numbers, device;
  int right_up_to = 0;  // the largest difficulty tried, from the smallest on, at which every answer was right; 0: none
  int wrong_at = 0;     // the first at which one was wrong; 0: none was, up to the task's largest or the work allowed
  int samples = 0;      // examples per difficulty
  std::string refused;  // why this model does not run in these numbers; empty when it does
};

struct ReachOptions {
  int samples = 8;
  double work = 1;        // times Arithmetic::gigaflop: no difficulty that would take more operations in all
  int largest = 1 << 20;  // difficulty
};

/// The number types that are tried, with the device that runs them, and operations of the forward pass that take about a second:
/// a limit in seconds would make the reach a matter of the machine.
struct Arithmetic {
  std::string numbers, device, meaning;
  double gigaflop;
};
const std::vector<Arithmetic>& arithmetics();

/// Difficulties 1, 2, 4, ... (as far as the task has them), on examples without reveals where the task can leave them out.
/// The checkpoint is written to `folder`, so that `eval` can be asked the same.
std::vector<Reach> measure_reach(const Construction& construction, const std::filesystem::path& folder,
                                 const ReachOptions& options);

}  // namespace separatrix
