#include "experiments/harness/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace separatrix {

std::string clock_text(double seconds) {
  const auto s = static_cast<std::int64_t>(seconds + 0.5);
  return s >= 3600 ? fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60) : fmt::format("{}:{:02}", s / 60, s % 60);
}

Progress::Progress(std::int64_t start, std::int64_t total, bool quiet)
    : start_(start), total_(total), quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1) {}

std::string Progress::line(std::int64_t step, double loss, int difficulty, double tokens_per_second) const {
  const double done = static_cast<double>(step) / static_cast<double>(total_);
  const double elapsed = std::chrono::duration<double>(Clock::now() - began_).count();
  const double left = step > start_ ? elapsed * static_cast<double>(total_ - step) / static_cast<double>(step - start_) : 0;
  std::string bar;
  if (terminal_) {
    const int full = static_cast<int>(done * 20);
    bar = fmt::format("[{}{}] ", std::string(full, '#'), std::string(20 - full, '.'));
  }
  const std::string accuracy = accuracy_ < 0 ? "  -  " : fmt::format("{:.3f}", accuracy_);
  return fmt::format("{}step {}/{}  loss {:.4f}  accuracy {}  difficulty {}  {:.0f} tokens/s  {} left", bar, step, total_, loss,
                     accuracy, difficulty, tokens_per_second, clock_text(left));
}

void Progress::update(std::int64_t step, double loss, int difficulty, double tokens_per_second) {
  if (quiet_) return;
  smooth_loss_ = smooth_loss_ < 0 ? loss : 0.95 * smooth_loss_ + 0.05 * loss;
  const auto now = Clock::now();
  if (step != total_ && now - shown_ < (terminal_ ? std::chrono::milliseconds(200) : std::chrono::milliseconds(10000))) return;
  shown_ = now;
  const std::string text = line(step, smooth_loss_, difficulty, tokens_per_second);
  fmt::print(stderr, "{}{}{}", terminal_ ? "\r" : "", text, terminal_ ? "\033[K" : "\n");
  std::fflush(stderr);
  drawn_ = terminal_;
}

void Progress::note(const std::string& text) {
  if (quiet_) return;
  finish();
  fmt::print(stderr, "{}\n", text);
}

void Progress::finish() {
  if (drawn_) fmt::print(stderr, "\n");
  drawn_ = false;
}

}  // namespace separatrix
