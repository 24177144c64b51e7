// All exact numbers of the delta-rule layers of a state, as text: equal texts are equal states.
#pragma once
#include "models/instances.h"
#include "proofs/claim.h"

namespace separatrix {

struct StateText {
  std::string registers, all;  // the matrices S | and the tails of the short convolutions
};

/// Of the delta-rule layers alone.
template <Field T>
StateText delta_text_of(const typename Model<T>::State& state) {
  StateText out;
  for (const auto& mixer : state.mixers) {
    const auto* delta = std::get_if<typename GatedDeltaRuleLayer<T>::State>(&mixer);
    if (!delta) continue;
    for (const Matrix<T>& S : delta->heads)
      for (const T& x : S.values()) out.registers += to_text(x) + " ";
    for (const auto* tail : {&delta->q, &delta->k, &delta->v})
      for (const Row<T>& row : *tail)
        for (const T& x : row) out.all += to_text(x) + " ";
  }
  out.all += out.registers;
  return out;
}

/// Of a model made of delta-rule layers.  Throws NotItsModel for another one.
template <Field T>
StateText text_of(const typename Model<T>::State& state) {
  for (std::size_t i = 0; i < state.mixers.size(); ++i)
    if (!std::holds_alternative<typename GatedDeltaRuleLayer<T>::State>(state.mixers[i]))
      throw NotItsModel(fmt::format("block {} is no delta rule, and the closure is over the states of delta rules", i));
  return delta_text_of<T>(state);
}

}  // namespace separatrix
