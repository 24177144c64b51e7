// Continues a sequence token by token.  What is kept in between is what Spec's state_size counts: delta-rule states, the tails of
// the convolutions, keys and values.  What it computes is defined by models/model.h.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/executor.h"

namespace separatrix {

class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Logits (vocab) of what follows `token`, after the tokens of the calls before.
  virtual std::vector<float> step(std::int32_t token) = 0;
};

/// A decoder at the beginning of a sequence; `weights` must stay alive and unchanged.  fp32.
/// Throws Error when the device is not there or a layer of the spec has no kernel: nothing falls back in silence.
std::unique_ptr<Decoder> make_decoder(const Spec& spec, const Weights<float>& weights, Device device);

}  // namespace separatrix
