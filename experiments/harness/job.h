// One run of a sweep under way: a child process, or a thread of this program.
#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>

#include "experiments/harness/process.h"

namespace separatrix {

class Job {
 public:
  virtual ~Job() = default;
  /// How it ended, else empty.  Does not wait.
  virtual std::optional<ExitCode> poll() = 0;
  /// A training run ends with a checkpoint.
  virtual void ask_to_stop() = 0;
  /// Waits for a job that was asked to stop: a process up to `seconds` (then SIGKILL), a thread as long as it takes.
  virtual void wait(double seconds) = 0;
};

/// A child process: what happens to it happens to no other.
std::unique_ptr<Job> start_process(const Command& command, const std::filesystem::path& log,
                                   const std::map<std::string, std::string>& environment);

/// `work(stop)` on a thread; `stop` is true from ask_to_stop on.  What it throws is appended to `log`, and ends it as it would end
/// the program (ending.h).  What ends a process, as an abort, ends all threads.
using Work = std::function<ExitCode(const std::atomic<bool>& stop)>;
std::unique_ptr<Job> start_thread(Work work, std::filesystem::path log);

}  // namespace separatrix
