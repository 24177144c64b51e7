// From the exact numbers in which constructions are written to the numbers in which a model runs.
#pragma once
#include "models/numbers/big_float.h"
#include "models/numbers/log_float.h"
#include "models/weights.h"

namespace separatrix {

/// The number of type T nearest to x.  A field that does not contain x throws Error.
template <class T>
T from_exact(const RootTwo& x) {
  if constexpr (std::is_same_v<T, RootTwo>) {
    return x;
  } else if constexpr (std::is_same_v<T, Rational>) {
    if (!x.is_rational()) fail("the weight {} is not rational; evaluate with --numbers root2", to_text(x));
    return x.a;
  } else {
    return static_cast<T>(big_float<256>(x));
  }
}

/// Weights of another number type, each number by `convert`.
template <class T, class F>
Weights<T> convert_weights(const Spec& spec, const Weights<RootTwo>& w, const F& convert) {
  Weights<T> out(spec);
  for (std::size_t i = 0; i < w.values().size(); ++i)
    if (!(w.values()[i] == 0)) out.values()[i] = convert(w.values()[i]);  // weights begin as 0
  return out;
}

template <class T>
Weights<T> weights_as(const Spec& spec, const Weights<RootTwo>& w) {
  return convert_weights<T>(spec, w, from_exact<T>);
}

/// Weights rounded to p bits.
inline Weights<LogFloat> weights_as_log_float(const Spec& spec, const Weights<RootTwo>& w, int p) {
  return convert_weights<LogFloat>(spec, w, [p](const RootTwo& x) { return LogFloat(x, p); });
}

}  // namespace separatrix
