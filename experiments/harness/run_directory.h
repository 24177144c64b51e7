// The folder of a run: config.toml, run.json, metrics.jsonl, model.safetensors, training.safetensors.  One process at a time.
#pragma once
#include <string>

#include "experiments/harness/config.h"

namespace separatrix {

class RunDirectory {
 public:
  /// Makes the folder if need be, locks it until destruction, removes half-written files of a killed run.
  /// Throws Error when another process trains there.
  explicit RunDirectory(std::string path);
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  bool has(const std::string& name) const;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int lock_ = -1;
};

/// Throws Error unless a new checkpoint's folder can be made there: not where one holds a run or a checkpoint already.
void check_checkpoint_folder(const std::string& path);
/// Checks it and makes it.
void make_checkpoint_folder(const std::string& path);

/// `status` of the run in a folder: running | done | diverged | cut, or "" when there is none.  "running" without a process that
/// holds the folder is a killed run and reads "cut".
std::string run_status(const std::string& directory);

/// Throws Error when `config` would not continue the run that `before` began: any key differs except those that leave the
/// trajectory alone (device, threads, logging, checkpoints, evaluation; steps when the schedule is constant).
void check_continues(const RunConfig& before, const RunConfig& config, const std::string& directory);

}  // namespace separatrix
