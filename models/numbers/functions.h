// Functions of one number that layers share, written so that nothing overflows.
#pragma once
#include "models/numbers/cast.h"

namespace separatrix {

template <Field T>
T negative(const T& x) {
  return T(0) - x;
}

/// 1 / (1 + exp(-x)).
template <Real T>
T sigmoid(const T& x) {
  if (x < T(0)) {
    const T e = exp(x);
    return e / (T(1) + e);
  }
  return T(1) / (T(1) + exp(negative(x)));
}

/// log(1 + exp(x)).
template <Real T>
T softplus(const T& x) {
  return x < T(0) ? T(log1p(exp(x))) : T(x + log1p(exp(negative(x))));
}

/// x sigmoid(x).
template <Real T>
T silu(const T& x) {
  return x * sigmoid(x);
}

template <Field T>
T relu(const T& x) {
  return x < T(0) ? T(0) : x;
}

}  // namespace separatrix
