// Q(sqrt 2), where the unit key (e_i - e_j) / sqrt 2 of a swap lives.
#pragma once
#include "models/numbers/root.h"

namespace separatrix {

using RootTwo = Root<2>;

inline RootTwo parse_root_two(const std::string& text) {
  return parse_root<2>(text);
}

}  // namespace separatrix
