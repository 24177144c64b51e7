// The delta rule between given queries, keys, values and gates, and its gradient, by the definition in models/ and in double.
#pragma once
#include <vector>

#include "kernels/gated_delta_rule/delta.h"

namespace separatrix {

/// As DeltaInput, without gaps between rows; `state` (batch, value_heads, key_dim, value_dim).
template <class T>
struct DeltaArrays {
  std::vector<T> q, k, v, g, beta, state;
};
template <class T>
struct DeltaOutputs {
  std::vector<T> o, state;  // (batch, length, value_heads, value_dim); as DeltaArrays::state
};

DeltaOutputs<double> reference_delta(const DeltaShape& shape, const DeltaForm& form, const DeltaArrays<double>& in);
/// The gradient of <d.o, o> + <d.state, final state> with respect to every input, by reverse-mode numbers.
DeltaArrays<double> reference_delta_gradient(const DeltaShape& shape, const DeltaForm& form, const DeltaArrays<double>& in,
                                             const DeltaOutputs<double>& d);

}  // namespace separatrix
