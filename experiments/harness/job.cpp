#include "experiments/harness/job.h"

#include <fstream>
#include <thread>

#include "experiments/harness/ending.h"

namespace separatrix {
namespace {

class ProcessJob final : public Job {
 public:
  explicit ProcessJob(Child child) : child_(child) {}
  std::optional<ExitCode> poll() override { return separatrix::poll(child_); }
  void ask_to_stop() override { separatrix::ask_to_stop(child_); }
  void wait(double seconds) override { wait_or_kill(child_, seconds); }

 private:
  Child child_;
};

class ThreadJob final : public Job {
 public:
  ThreadJob(Work work, std::filesystem::path log)
      : thread_([this, work = std::move(work), log = std::move(log)] { code_ = result(work, log); }) {}
  ~ThreadJob() override {
    ask_to_stop();
    wait(0);
  }
  std::optional<ExitCode> poll() override { return code_ == running ? std::nullopt : std::optional<ExitCode>(code_); }
  void ask_to_stop() override { stop_ = true; }
  void wait(double) override {
    if (thread_.joinable()) thread_.join();
  }

 private:
  static constexpr ExitCode running = -1;

  ExitCode result(const Work& work, const std::filesystem::path& log) const {
    try {
      return work(stop_);
    } catch (const std::exception& error) {
      try {
        const Ending ending = ending_of(error);
        std::ofstream(log, std::ios::app) << "separatrix: " << ending.line << "\n";
        return ending.exit_code;
      } catch (...) {  // no memory to say so
        return 3;
      }
    }
  }

  std::atomic<bool> stop_ = false;
  std::atomic<ExitCode> code_ = running;
  std::thread thread_;  // last: it begins when the rest is there
};

}  // namespace

std::unique_ptr<Job> start_process(const Command& command, const std::filesystem::path& log,
                                   const std::map<std::string, std::string>& environment) {
  return std::make_unique<ProcessJob>(start(command, log, environment));
}

std::unique_ptr<Job> start_thread(Work work, std::filesystem::path log) {
  return std::make_unique<ThreadJob>(std::move(work), std::move(log));
}

}  // namespace separatrix
