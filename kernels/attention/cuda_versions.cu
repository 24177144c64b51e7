// The versions of attention on the GPU, and which one is used.
#include <string>

#include "kernels/attention/cuda.h"
#include "kernels/cuda/bf16.h"

namespace separatrix::SIMT {

void check_attention(const AttentionShape& s) {
  if (s.head_dim < 1 || s.head_dim > 128)
    refuse("attention: no CUDA kernel for head dimension " + std::to_string(s.head_dim) + " (1 to 128); run with --device cpu");
}

template <>
const std::vector<AttentionVersion<float>>& attention_versions() {
  static const std::vector<AttentionVersion<float>> versions{attention_v1<float>(), attention_v2()};
  return versions;
}
template <>
const std::vector<AttentionVersion<bf16>>& attention_versions() {
  static const std::vector<AttentionVersion<bf16>> versions{attention_v1<bf16>(), attention_v3()};
  return versions;
}

/// None has been timed: the newest is predicted to be the fastest.
template <>
const AttentionVersion<float>& attention_version() {
  return attention_versions<float>().back();
}
template <>
const AttentionVersion<bf16>& attention_version() {
  return attention_versions<bf16>().back();
}

}  // namespace separatrix::SIMT
