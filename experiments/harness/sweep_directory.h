// What a sweep keeps on disk beside its runs, and what it knows of each run.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "experiments/harness/sweep_file.h"

namespace separatrix {

/// pending, running, done, diverged, cut or crashed; `why` for a crash.
struct RunState {
  std::string status = "pending", why;
};

class SweepDirectory {
 public:
  /// Makes the directory, locks it until destruction, writes base.toml and sweep.json; finds out which runs are finished.
  /// Throws Error when another sweep works there, or when a run there was made with other settings.
  SweepDirectory(const SweepFile& sweep, const std::vector<PlannedRun>& runs, std::filesystem::path path);
  ~SweepDirectory();
  SweepDirectory(const SweepDirectory&) = delete;
  SweepDirectory& operator=(const SweepDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path base() const { return path_ / "base.toml"; }
  std::filesystem::path run(std::size_t i) const { return path_ / runs_[i].name; }
  std::filesystem::path log(std::size_t i) const { return path_ / (runs_[i].name + ".log"); }
  const RunState& state(std::size_t i) const { return states_[i]; }

  /// Records a state and writes sweep.json; results.csv too when the run is finished.
  void set_state(std::size_t i, RunState state);
  /// What the run's own record says: "" before its first start, else run_status.
  std::string recorded(std::size_t i) const;
  /// The last step in metrics.jsonl over the steps planned, in [0, 1].
  double fraction(std::size_t i) const;

 private:
  void check_no_other_runs() const;
  void write_description() const;
  void write_results() const;
  const SweepFile& sweep_;
  const std::vector<PlannedRun>& runs_;
  std::filesystem::path path_;
  std::vector<RunState> states_;
  int lock_ = -1;
};

}  // namespace separatrix
