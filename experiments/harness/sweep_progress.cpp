// How far a sweep is, from its runs' metrics.
#include "experiments/harness/sweep_progress.h"

#include <unistd.h>

#include <cstdio>

#include "experiments/harness/progress.h"

namespace separatrix {

SweepProgress::SweepProgress(std::string name, const std::vector<PlannedRun>& runs, const SweepDirectory& directory, bool quiet)
    : name_(std::move(name)),
      runs_(runs),
      directory_(directory),
      quiet_(quiet),
      terminal_(::isatty(STDERR_FILENO)),
      at_start_(fraction()) {}

SweepProgress::~SweepProgress() {
  if (drawn_) fmt::print(stderr, "\n");
}

double SweepProgress::fraction() const {
  double sum = 0;
  for (std::size_t i = 0; i < runs_.size(); ++i) sum += directory_.fraction(i);
  return runs_.empty() ? 1 : sum / static_cast<double>(runs_.size());
}

std::string SweepProgress::line(std::size_t running) const {
  int finished = 0, failed = 0;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    const std::string& status = directory_.state(i).status;
    finished += status == "done", failed += status == "diverged" || status == "crashed";
  }
  const double part = fraction(), seconds = std::chrono::duration<double>(Clock::now() - began_).count();
  std::string text =
      fmt::format("{}  {:3.0f}%  {} of {} runs done, {} running", name_, 100 * part, finished, runs_.size(), running);
  if (failed > 0) text += fmt::format(", {} failed", failed);
  text += "  " + clock_text(seconds);
  if (part > at_start_ && part < 1) text += fmt::format(", {} left", clock_text(seconds * (1 - part) / (part - at_start_)));
  return text;
}

void SweepProgress::update(std::size_t running) {
  if (quiet_ || !terminal_ || Clock::now() - shown_ < std::chrono::milliseconds(500)) return;
  shown_ = Clock::now();
  drawn_ = true;
  fmt::print(stderr, "\r\033[K{}", line(running));
  std::fflush(stderr);
}

void SweepProgress::ended(std::size_t i) {
  const RunState& state = directory_.state(i);
  if (quiet_ || (terminal_ && state.status == "done")) return;
  const std::string said =
      fmt::format("{}: {} {}{}", name_, runs_[i].name, state.status, state.why.empty() ? "" : " (" + state.why + ")");
  fmt::print(stderr, "{}{}\n", terminal_ && drawn_ ? "\r\033[K" : "", said);
}

}  // namespace separatrix
