// Which tokens of a batch what follows the last mixer runs on: it treats every token by itself.
#pragma once
#include <numeric>

#include "kernels/executor.h"

namespace separatrix {

inline std::vector<std::int32_t> all_tokens(const Batch& batch) {
  std::vector<std::int32_t> all(batch.tokens.size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// Those with mask 1, ascending.
inline std::vector<std::int32_t> counted_tokens(const Batch& batch) {
  std::vector<std::int32_t> counted;
  for (std::size_t t = 0; t < batch.mask.size(); ++t)
    if (batch.mask[t]) counted.push_back(static_cast<std::int32_t>(t));
  return counted;
}

/// Of the sublayers of a model, mixers and MLPs, those up to the last mixer.
inline std::size_t up_to_last_mixer(const Spec& spec, std::size_t sublayers) {
  return sublayers - (!spec.blocks.empty() && spec.blocks.back().mlp.hidden > 0);
}

}  // namespace separatrix
