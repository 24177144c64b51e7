// The list of mixers.  CONTRIBUTING.md has the recipe of a new one.
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
  using Made = MixerLayer<T>;
  return std::visit(Overloaded{[&](const GatedDeltaRule& g) -> Made { return GatedDeltaRuleLayer<T>(g, w); },
                               [&](const Attention& a) -> Made { return AttentionLayer<T>(a, w, norm_eps); }},
                    settings);
}

}  // namespace separatrix
