// What produced a result: program, machine, instruction set, threads, precision.
#pragma once
#include <string>

#include "kernels/executor.h"
#include "kernels/matmul/matmul.h"  // precision_name, resolve_precision

namespace separatrix {

/// `git describe --always --dirty` when the program was configured.
std::string program_commit();
/// Compiler and its version.
std::string program_compiler();
/// Model name of the CPU.
std::string cpu_model();
/// Host name.
std::string host_name();
/// From now on memory beyond what the machine has free is refused (std::bad_alloc), where otherwise the kernel would kill this
/// process or another.  Not where a GPU is: its driver takes addresses without memory behind them.
void limit_memory();
constexpr int most_threads = 1024;
/// Uses `threads` cores from now on; 0 = all this process may run on.  Returns the number.  Throws Error beyond most_threads.
int use_threads(int threads);

/// cpu | reference | cuda; Error naming the nearest.
Device parse_device(const std::string& word);
/// fp32 | bf16 | auto = bf16 where that is the faster (on a CPU: bf16_is_faster, kernels/isa.h).  The reference device is fp32.
Precision parse_precision(const std::string& word, Device device);

}  // namespace separatrix
