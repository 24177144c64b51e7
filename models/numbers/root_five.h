// Q(sqrt 5), where the golden ratio and with it the mirrors of the icosahedron live.
#pragma once
#include "models/numbers/root.h"

namespace separatrix {

using RootFive = Root<5>;

/// phi = (1 + sqrt 5) / 2:  phi^2 = phi + 1,  1 / phi = phi - 1.
inline RootFive golden_ratio() {
  return {Rational(1, 2), Rational(1, 2)};
}

}  // namespace separatrix
