// Between number types.  exact_cast never changes a value; round_cast rounds to the nearest number of the target.
#pragma once
#include <type_traits>

#include "models/numbers/field.h"

namespace separatrix {

/// How a number type takes a double.  Types that cannot be built from one specialise it.
template <class T>
struct FromDouble {
  static T exact(double x) { return T(x); }
  static T rounded(double x) { return T(x); }
};

/// How a number type becomes a double (rounded to nearest).
template <class T>
struct ToDouble {
  static double rounded(const T& x) { return static_cast<double>(x); }
};

template <Field T>
T round_cast(double x) {
  return FromDouble<T>::rounded(x);
}

template <Field T>
double to_double(const T& x) {
  return ToDouble<T>::rounded(x);
}

}  // namespace separatrix
