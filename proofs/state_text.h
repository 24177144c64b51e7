// All exact numbers of the state of a model made of delta-rule layers, as text: equal texts are equal states.
#pragma once
#include "models/model.h"

namespace separatrix {

struct StateText {
  std::string registers, all;  // the matrices S | and the tails of the short convolutions
};

template <Field T>
StateText text_of(const typename Model<T>::State& state) {
  StateText out;
  for (const auto& mixer : state.mixers) {
    const auto* delta = std::get_if<typename GatedDeltaRuleLayer<T>::State>(&mixer);
    if (!delta) fail("attention keeps every token: only a model of delta-rule layers can close");
    for (const Matrix<T>& S : delta->heads)
      for (const T& x : S.values()) out.registers += to_text(x) + " ";
    for (const auto* tail : {&delta->q, &delta->k, &delta->v})
      for (const Row<T>& row : *tail)
        for (const T& x : row) out.all += to_text(x) + " ";
  }
  out.all += out.registers;
  return out;
}

}  // namespace separatrix
