// The decoder of the CPU, and the mixers that remember.
#pragma once
#include "kernels/cpu/sublayer.h"
#include "kernels/decoder.h"

namespace separatrix {

std::unique_ptr<Decoder> make_cpu_decoder(const Spec& spec, const Weights<float>& weights);

/// A mixer for one sequence whose forward takes the next token alone: shape (1, 1).  It has no backward pass.
class StepMixer : public Sublayer {
 public:
  void backward(const BatchShape&, Rows<const float>, Rows<float>, bool, Weights<float>&) final {
    fail("decoding has no backward pass");
  }
};

/// `at` is the prefix of the block's weights.
std::unique_ptr<StepMixer> make_delta_rule_step(const GatedDeltaRule& settings, const std::string& at,
                                                const Weights<float>& layout);
std::unique_ptr<StepMixer> make_attention_step(const Attention& settings, double norm_eps, const std::string& at,
                                               const Weights<float>& layout);

}  // namespace separatrix
