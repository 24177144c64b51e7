// What a person sees while a run goes on, on stderr: a bar on a terminal, otherwise a line every ten seconds.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace separatrix {

class Progress {
 public:
  /// Of `total` steps, `start` are done.  quiet: says nothing.
  Progress(std::int64_t start, std::int64_t total, bool quiet);
  ~Progress() { finish(); }
  /// After each step; redraws at most a few times a second.
  void update(std::int64_t step, double loss, int difficulty, double tokens_per_second);
  /// The newest accuracy, shown with the next update.
  void accuracy(double value) { accuracy_ = value; }
  /// A line of its own.
  void note(const std::string& text);
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  std::string line(std::int64_t step, double loss, int difficulty, double tokens_per_second) const;
  std::int64_t start_, total_;
  bool quiet_, terminal_, drawn_ = false;
  double accuracy_ = -1, smooth_loss_ = -1;
  Clock::time_point began_ = Clock::now(), shown_ = began_;
};

/// 3725 -> "1:02:05".
std::string clock_text(double seconds);

}  // namespace separatrix
