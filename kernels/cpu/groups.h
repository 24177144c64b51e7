// A batch cut into groups of whole sequences.  The CPU goes forward and backward through one group after the other and adds up
// their gradients: what one group needs stays in the caches, and memory does not grow with the batch.
#pragma once
#include <algorithm>
#include <vector>

#include "kernels/executor.h"

namespace separatrix {

/// The fewest groups of at most `tokens` tokens each, or of one sequence where that is longer.  Where every thread can have a whole
/// sequence, groups are made of `threads` sequences at a time, so that none waits for another's; otherwise of single ones.  Their
/// sizes differ by one such part at most.  Together they are the batch, in its order; targets and mask may be empty, as for logits.
inline std::vector<Batch> groups(const Batch& batch, std::ptrdiff_t tokens, std::ptrdiff_t threads) {
  const std::ptrdiff_t most = std::max<std::ptrdiff_t>(1, tokens / std::max(1, batch.length)), part = most < threads ? 1 : threads;
  const std::ptrdiff_t parts = (batch.batch + part - 1) / part, count = (parts + most / part - 1) / (most / part);
  std::vector<Batch> out;
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const std::ptrdiff_t first = parts * i / count * part;
    const std::ptrdiff_t end = std::min<std::ptrdiff_t>(batch.batch, parts * (i + 1) / count * part);
    const auto cut = [&]<class T>(const std::vector<T>& v) {
      return v.empty() ? v : std::vector<T>(v.begin() + first * batch.length, v.begin() + end * batch.length);
    };
    out.push_back({static_cast<int>(end - first), batch.length, cut(batch.tokens), cut(batch.targets), cut(batch.mask)});
  }
  return out;
}

}  // namespace separatrix
