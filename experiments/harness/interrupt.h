// Ctrl-C and SIGTERM as a question that long work asks now and then.
#pragma once
#include <atomic>

namespace separatrix {

/// The signal that asked this program to stop; 0: none.
inline std::atomic<int> interrupted_by{0};

/// From now on the first SIGINT or SIGTERM is noted in interrupted_by; a second one ends the program.  Call it
/// before any other thread begins.  No handler is installed: one thread waits for the signals, all others block them.  A handler
/// would run on the stack of whatever thread is computing, and oneDNN's products for AVX2 use the stack pointer for other ends: the
/// frame would overwrite their data or the heap (seen: one Ctrl-C in twenty-five ended in "corrupted size vs. prev_size").
void note_interrupts();

}  // namespace separatrix
