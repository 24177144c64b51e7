// Initial weights: a pure function of (spec, settings, seed).
#pragma once
#include "experiments/harness/config.h"
#include "models/weights.h"

namespace separatrix {

/// Matrices and convolutions: normal(0, std^2), std = init_std ("normal", HF's initializer_range) or fan_in^-1/2 ("fan_in", with
/// embed_std for the embedding).  Norm weights: 1.  Gates of a delta rule (the same in FLA, HF and OLMo-core):
///   A_log = log A, A ~ U(0, 16);  dt_bias = dt + log(1 - e^-dt), dt = exp(U (log .1 - log .001) + log .001), at least 1e-4.
Weights<float> initial_weights(const Spec& spec, const ModelConfig& model, std::uint64_t seed);

/// Whether AdamW's decay applies: matrices and convolutions, not norms nor A_log nor dt_bias.
bool decays(const Parameter& parameter);

}  // namespace separatrix
