#include "experiments/harness/machine.h"

#include <omp.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>

#include "kernels/isa.h"
#include "tasks/nearest.h"

namespace separatrix {

std::string program_commit() {
  return SEPARATRIX_COMMIT;
}

std::string program_compiler() {
  return "g++ " __VERSION__;
}

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

namespace {

/// Bytes free for a new process: memory that nobody needs, and swap.  0: unknown.
double free_memory() {
  std::ifstream file("/proc/meminfo");
  double kilobytes = 0;
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("MemAvailable:") || line.starts_with("SwapFree:"))
      kilobytes += std::strtod(line.c_str() + line.find(':') + 1, nullptr);
  return 1024 * kilobytes;
}

/// Of the container this runs in; infinite where it has none.
double container_memory() {
  std::ifstream file("/sys/fs/cgroup/memory.max");
  double bytes = 0;
  return file >> bytes ? bytes : std::numeric_limits<double>::infinity();
}

}  // namespace

void limit_memory() {
#ifndef __SANITIZE_ADDRESS__  // which takes addresses without memory behind them too
  const double bytes = std::min(free_memory(), container_memory());
  rlimit limit;
  if (bytes <= 0 || ::access("/dev/nvidiactl", F_OK) == 0 || ::getrlimit(RLIMIT_DATA, &limit) != 0) return;
  limit.rlim_cur = std::min(limit.rlim_cur, static_cast<rlim_t>(bytes));
  ::setrlimit(RLIMIT_DATA, &limit);
#endif
}

int use_threads(int threads) {
  if (threads < 0 || threads > most_threads) fail("threads = {}: wanted 0 (all cores) to {}", threads, most_threads);
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (threads == 0 && ::sched_getaffinity(0, sizeof cores, &cores) == 0) threads = CPU_COUNT(&cores);
  omp_set_num_threads(threads);
  return threads;
}

Device parse_device(const std::string& word) {
  if (word == "cpu") return Device::cpu;
  if (word == "reference") return Device::reference;
  if (word == "cuda") return Device::cuda;
  fail("unknown device '{}'; did you mean '{}'? (cpu, reference, cuda)", word, nearest(word, {"cpu", "reference", "cuda"}));
}

Precision parse_precision(const std::string& word, Device device) {
  if (device == Device::cuda && word != "fp32") return Precision::bf16;
  if (device == Device::reference && word == "auto") return Precision::fp32;
  return resolve_precision(word);
}

}  // namespace separatrix
