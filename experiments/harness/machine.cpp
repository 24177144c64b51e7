#include "experiments/harness/machine.h"

#include <omp.h>
#include <sched.h>
#include <unistd.h>

#include <fstream>

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
