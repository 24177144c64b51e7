// Which instruction set the SIMD kernels and oneDNN use: asked at run time, so that one binary serves every x86-64 machine.
#pragma once
#include <string>

namespace separatrix {

/// In rising order.  avx512 = F, VL, BW, DQ; avx512_bf16 adds the native bf16 dot product (VDPBF16PS).
enum class Isa { sse2, avx2, avx512, avx512_bf16 };

/// sse2 | avx2 | avx512 | avx512_bf16
std::string isa_name(Isa isa);
/// The best set this machine has.
Isa machine_isa();
/// The set a word asks for on a machine whose best is `best`; throws Error for an unknown word or a set above `best`.
Isa parse_isa(const std::string& word, Isa best);
/// The set in force: machine_isa(), or the lower one that environment variable SEPARATRIX_ISA names (read once, at the first call,
/// which also limits oneDNN to that set; so every use of oneDNN calls isa() first).
Isa isa();
/// Puts another set in force for our own kernels, for tests that compare the sets in one process (oneDNN keeps its own).
void set_isa(Isa isa);
/// Whether bf16 products run on matrix tiles: AMX_BF16, where the set in force is avx512_bf16.
bool amx();
/// Whether bf16 products are faster than fp32 ones with the set in force: where it has VDPBF16PS or AMX_BF16, but not on Intel's
/// cores without AMX: on the one measured, bf16 products had six tenths of the speed (matmul/notes.md).
bool bf16_is_faster();
/// As above, for a set and what else the machine says of itself.
bool bf16_is_faster(Isa isa, bool is_intel, bool has_amx);
/// Whether our own kernels gain by VDPBF16PS where products are bf16: AMX is oneDNN's alone, and without it the line above holds.
bool bf16_pairs_are_faster();
/// OpenMP threads that a parallel region started here would use.
int threads();

/// The entry of a kernel's table {sse2, avx2, avx512} for the set in force: most kernels have no bf16 version of their own.
template <class Table>
const Table& for_isa(const Table& sse2, const Table& avx2, const Table& avx512) {
  switch (isa()) {
    case Isa::sse2:
      return sse2;
    case Isa::avx2:
      return avx2;
    default:
      return avx512;
  }
}

}  // namespace separatrix
