// From the exact numbers in which constructions are written to the numbers in which a model runs.
#pragma once
#include "models/numbers/big_float.h"
#include "models/numbers/log_float.h"
#include "models/weights.h"

namespace separatrix {

/// d of Q(sqrt d), 1 of the rational numbers; 0 of a number type that rounds.
template <class T>
constexpr int radicand_of = 0;
template <>
constexpr int radicand_of<Rational> = 1;
template <int d>
constexpr int radicand_of<Root<d>> = d;

/// The number of type T nearest to x.  A field that does not contain x throws Error.
template <class T>
T from_exact(const Exact& x) {
  if constexpr (radicand_of<T> == 0) {
    return static_cast<T>(big_float<256>(x));
  } else {
    if (x.is_rational()) return T(x.a);
    if constexpr (radicand_of < T >> 1)
      if (x.d == radicand_of<T>) return T(x.a, x.b);
    fail("the weight {} is not in the field of these numbers; evaluate with --numbers root{}", to_text(x), x.d);
  }
}

/// Weights of another number type, each number by `convert`.
template <class T, class F>
Weights<T> convert_weights(const Spec& spec, const Weights<Exact>& w, const F& convert) {
  Weights<T> out(spec);
  for (std::size_t i = 0; i < w.values().size(); ++i)
    if (!(w.values()[i] == 0)) out.values()[i] = convert(w.values()[i]);  // weights begin as 0
  return out;
}

template <class T>
Weights<T> weights_as(const Spec& spec, const Weights<Exact>& w) {
  return convert_weights<T>(spec, w, from_exact<T>);
}

/// Weights rounded to p bits.
inline Weights<LogFloat> weights_as_log_float(const Spec& spec, const Weights<Exact>& w, int p) {
  return convert_weights<LogFloat>(spec, w, [p](const Exact& x) { return LogFloat(x, p); });
}

}  // namespace separatrix
