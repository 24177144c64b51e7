// The list of mixers: a new one is a settings struct in spec.h, a file in mixers/, and a word in each variant.
#pragma once
#include <variant>

#include "models/mixers/attention.h"
#include "models/mixers/gated_delta_rule.h"

namespace separatrix {

template <Field T>
using MixerLayer = std::variant<GatedDeltaRuleLayer<T>, AttentionLayer<T>>;
template <Field T>
using MixerState = std::variant<typename GatedDeltaRuleLayer<T>::State, typename AttentionLayer<T>::State>;

template <Field T>
MixerLayer<T> make_mixer(const Mixer& settings, const LayerWeights<T>& w, double norm_eps) {
  if (const auto* g = std::get_if<GatedDeltaRule>(&settings)) return GatedDeltaRuleLayer<T>(*g, w);
  return AttentionLayer<T>(std::get<Attention>(settings), w, norm_eps);
}

}  // namespace separatrix
