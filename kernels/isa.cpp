#include "kernels/isa.h"

#include <cpuid.h>
#include <dnnl.h>
#include <omp.h>

#include <array>
#include <atomic>
#include <cstdlib>

#include "tasks/error.h"
#include "tasks/nearest.h"

namespace separatrix {
namespace {

constexpr std::array<const char*, 4> names{"sse2", "avx2", "avx512", "avx512_bf16"};

dnnl_cpu_isa_t onednn_isa(Isa isa) {
  switch (isa) {
    case Isa::sse2:
      return dnnl_cpu_isa_sse41;  // oneDNN's lowest; a machine without it gets oneDNN's plain C++
    case Isa::avx2:
      return dnnl_cpu_isa_avx2;
    case Isa::avx512:
      return dnnl_cpu_isa_avx512_core_vnni;
    default:
      return dnnl_cpu_isa_all;
  }
}

Isa first_isa() {
  const Isa best = machine_isa();
  const char* word = std::getenv("SEPARATRIX_ISA");
  const Isa chosen = word && *word ? parse_isa(word, best) : best;
  // Fails when oneDNN has already run with another set: then the two would differ in silence.
  if (chosen != best && dnnl_set_max_cpu_isa(onednn_isa(chosen)) != dnnl_success)
    fail("SEPARATRIX_ISA={}: oneDNN was used before the set was chosen; call isa() at the start of the program", isa_name(chosen));
  return chosen;
}

std::atomic<Isa>& current() {
  static std::atomic<Isa> value = first_isa();
  return value;
}

}  // namespace

std::string isa_name(Isa isa) {
  return names[static_cast<std::size_t>(isa)];
}

Isa machine_isa() {
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
  if (avx512 && __builtin_cpu_supports("avx512bf16")) return Isa::avx512_bf16;
  return avx512 ? Isa::avx512 : avx2 ? Isa::avx2 : Isa::sse2;
}

Isa parse_isa(const std::string& word, Isa best) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (word != names[i]) continue;
    if (static_cast<Isa>(i) <= best) return static_cast<Isa>(i);
    fail("SEPARATRIX_ISA={}: this machine has at most {}; name a lower set or leave it unset", word, isa_name(best));
  }
  fail("SEPARATRIX_ISA={}: no such instruction set (did you mean '{}'?); known: sse2, avx2, avx512, avx512_bf16", word,
       nearest(word, std::vector<std::string>(names.begin(), names.end())));
}

Isa isa() {
  return current().load(std::memory_order_relaxed);
}

void set_isa(Isa isa) {
  if (isa > machine_isa()) fail("set_isa: this machine has at most {}, not {}", isa_name(machine_isa()), isa_name(isa));
  current().store(isa, std::memory_order_relaxed);
}

bool bf16_is_faster(Isa isa, bool is_intel, bool has_amx) {
  return isa == Isa::avx512_bf16 && (!is_intel || has_amx);
}

bool amx() {
  // Asked once: a virtual machine hands CPUID to its host, which takes microseconds.
  static const bool there = [] {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & 1);  // CPUID.7.0:EDX.AMX_BF16
  }();
  return there && isa() == Isa::avx512_bf16;
}

bool bf16_is_faster() {
  return bf16_is_faster(isa(), __builtin_cpu_is("intel"), amx());
}

bool bf16_pairs_are_faster() {
  return bf16_is_faster(isa(), __builtin_cpu_is("intel"), false);
}

int threads() {
  return omp_get_max_threads();
}

}  // namespace separatrix
