// Ctrl-C and SIGTERM as a question that long work asks now and then.
#pragma once
#include <atomic>
#include <csignal>

namespace separatrix {

inline std::atomic<int> interrupted_by{0};

/// From now on the first SIGINT or SIGTERM is noted in interrupted_by; a second one ends the program.
inline void note_interrupts() {
  for (const int number : {SIGINT, SIGTERM})
    std::signal(number, [](int caught) {
      interrupted_by = caught;
      std::signal(caught, SIG_DFL);
    });
}

}  // namespace separatrix
