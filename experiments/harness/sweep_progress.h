// One line on stderr for a whole sweep: redrawn on a terminal, otherwise a line when a run ends.
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "experiments/harness/sweep_directory.h"

namespace separatrix {

class SweepProgress {
 public:
  SweepProgress(std::string name, const std::vector<PlannedRun>& runs, const SweepDirectory& directory, bool quiet);
  ~SweepProgress();
  /// Redraws about twice a second.
  void update(std::size_t running);
  /// Run i has ended; says how.
  void ended(std::size_t i);

 private:
  using Clock = std::chrono::steady_clock;
  double fraction() const;
  std::string line(std::size_t running) const;
  std::string name_;
  const std::vector<PlannedRun>& runs_;
  const SweepDirectory& directory_;
  bool quiet_, terminal_, drawn_ = false;
  double at_start_;
  Clock::time_point began_ = Clock::now(), shown_{};
};

}  // namespace separatrix
