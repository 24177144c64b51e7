// A batch cut into blocks of tokens.  One thread takes a block through several products and what lies between them, so that the
// numbers stay in its own cache.
#pragma once
#include <algorithm>

#include "kernels/executor.h"
#include "kernels/isa.h"
#include "kernels/parallel.h"
#include "kernels/rows.h"

namespace separatrix {

struct TokenBlock {
  std::ptrdiff_t first, count;
  int thread;  // which of the threads has it
};

/// Tokens of a block at most, where the widest of its matrices has `width` columns and its products are `precision`: 1 MiB of
/// floats, half of a second-level cache, but not so few that products become slow.  With AMX a quarter: its products outrun the
/// third level, and the weights, which every block reads again, stay in the second (matmul/notes.md).
inline std::ptrdiff_t block_tokens(std::ptrdiff_t width, Precision precision) {
  const bool tiles = precision == Precision::bf16 && amx();
  const std::ptrdiff_t floats = std::ptrdiff_t{1} << (tiles ? 16 : 18), fewest = tiles ? 32 : 128;
  return std::max(fewest, floats / width / 16 * 16);
}

/// f(block) for blocks of nearly equal length, as many for every thread.
template <class F>
void for_blocks(std::ptrdiff_t tokens, std::ptrdiff_t width, Precision precision, const F& f) {
  if (tokens == 0) return;
  const std::ptrdiff_t each = (tokens + threads() - 1) / threads(), most = block_tokens(width, precision);
  const std::ptrdiff_t blocks = (each + most - 1) / most * threads(), length = ((tokens + blocks - 1) / blocks + 15) / 16 * 16;
  in_parallel((tokens + length - 1) / length, [&](std::ptrdiff_t i) {
    f(TokenBlock{i * length, std::min(length, tokens - i * length), omp_get_thread_num()});
  });
}

}  // namespace separatrix
