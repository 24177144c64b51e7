// The versions of the gated delta rule on the GPU, and which one is used.
#include "kernels/gated_delta_rule/cuda_launch.h"

namespace separatrix::SIMT {

void check_delta(const DeltaSizes& s) {
  const auto text = [](int x) { return std::to_string(x); };
  if (s.sequences < 1 || s.tokens < 1 || (!s.starts && s.length < 1))
    refuse("gated delta rule: sequences and tokens must be positive, got " + text(s.sequences) + " sequences, " + text(s.tokens) +
           " tokens, length " + text(s.length));
  if (!s.starts && s.tokens != s.sequences * s.length)
    refuse("gated delta rule: " + text(s.sequences) + " sequences of length " + text(s.length) + " are not " + text(s.tokens) +
           " tokens");
  if (s.key_heads < 1 || s.value_heads < 1 || s.value_heads % s.key_heads != 0)
    refuse("gated delta rule: value heads must be a multiple of key heads, got " + text(s.value_heads) + " and " +
           text(s.key_heads));
  if (s.key_dim < 1 || s.key_dim > 128 || s.value_dim < 1 || s.value_dim > 256)
    refuse("gated delta rule: no CUDA kernel for dimensions " + text(s.key_dim) + "/" + text(s.value_dim) +
           " (key dimension 1 to 128, value dimension 1 to 256); run with --device cpu");
}

template <class T>
const std::vector<DeltaVersion<T>>& delta_versions() {
  static const std::vector<DeltaVersion<T>> versions = [] {
    std::vector<DeltaVersion<T>> all{delta_v1<T>(), delta_v2<T>()};
    if constexpr (std::is_same_v<T, bf16>) all.insert(all.end(), {delta_v3(), delta_v4(), delta_v5(), delta_v6(), delta_v7()});
    return all;
  }();
  return versions;
}

/// None has been timed: the newest is predicted to be the fastest wherever a product is worth a warp.  v4 and what follows it
/// are for unit keys and beta up to 2, which keep their fp16 operands in range.
template <class T>
const DeltaVersion<T>& delta_version(const DeltaSizes& s, const DeltaOptions& o) {
  const std::vector<DeltaVersion<T>>& all = delta_versions<T>();
  if (s.key_dim < 32) return all.front();
  if constexpr (std::is_same_v<T, bf16>) {
    if (!o.unit_keys || o.wide_beta) return all[2];
    if (device_shared_bytes() < most_shared_bytes) return all[4];  // v6 and v7 take all that a Hopper has
  }
  return all.back();
}

template const std::vector<DeltaVersion<float>>& delta_versions();
template const std::vector<DeltaVersion<bf16>>& delta_versions();
template const DeltaVersion<float>& delta_version(const DeltaSizes&, const DeltaOptions&);
template const DeltaVersion<bf16>& delta_version(const DeltaSizes&, const DeltaOptions&);

}  // namespace separatrix::SIMT
