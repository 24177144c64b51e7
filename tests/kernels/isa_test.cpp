#include <dnnl.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "kernels/matmul/matmul.h"
#include "tasks/error.h"
#include "tests/kernels/support.h"

using namespace separatrix;

namespace {

/// What this program prints when it runs the hidden test below with SEPARATRIX_ISA set.
std::string output_with(const std::string& word) {
  const std::string command = "SEPARATRIX_ISA=" + word + " /proc/" + std::to_string(getpid()) + "/exe '[.forced-isa]' 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  std::string out;
  for (int c; (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
  pclose(pipe);
  return out;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a product prints the instruction sets in force", "[.forced-isa]") {
  std::vector<float> x(4, 1), y(4);
  Operand a;
  a.load(2, 2, {x.data(), 2}, Precision::fp32);
  matmul(a.factor(), false, a.factor(), false, {y.data(), 2});
  std::printf("isa=%s onednn=%d product=%g\n", isa_name(isa()).c_str(), static_cast<int>(dnnl_get_effective_cpu_isa()), y[0]);
}

TEST_CASE("SEPARATRIX_ISA forces a lower instruction set on our kernels and on oneDNN") {
  const std::string sse2 = output_with("sse2");
  CHECK(contains(sse2, "isa=sse2 onednn=" + std::to_string(dnnl_cpu_isa_sse41) + " product=2"));
  if (machine_isa() >= Isa::avx2)
    CHECK(contains(output_with("avx2"), "isa=avx2 onednn=" + std::to_string(dnnl_cpu_isa_avx2) + " product=2"));
  CHECK(contains(output_with(isa_name(machine_isa())), "isa=" + isa_name(machine_isa()) + " "));
  CHECK(contains(output_with("avx3"), "did you mean 'avx2'"));
}

TEST_CASE("an instruction set above the machine's is an error") {
  CHECK(parse_isa("sse2", Isa::avx2) == Isa::sse2);
  CHECK_THROWS_AS(parse_isa("avx512", Isa::avx2), Error);
  CHECK_THROWS_AS(parse_isa("AVX2", Isa::avx512), Error);
}

TEST_CASE("bf16 is chosen only where it is faster, and accepted only where it is native") {
  const bool native = isa() == Isa::avx512_bf16;
  CHECK(resolve_precision("auto") == (bf16_is_faster() ? Precision::bf16 : Precision::fp32));
  CHECK(bf16_is_faster(Isa::avx512_bf16, false, false));  // Zen 4 and 5
  CHECK(bf16_is_faster(Isa::avx512_bf16, true, true));    // Sapphire Rapids
  CHECK(!bf16_is_faster(Isa::avx512_bf16, true, false));  // Cooper Lake, or AMX hidden by a virtual machine
  CHECK(!bf16_is_faster(Isa::avx512, false, false));
  CHECK(resolve_precision("fp32") == Precision::fp32);
  if (native)
    CHECK(resolve_precision("bf16") == Precision::bf16);
  else
    CHECK_THROWS_AS(resolve_precision("bf16"), Error);
  CHECK_THROWS_AS(resolve_precision("fp16"), Error);
}
