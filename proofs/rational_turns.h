// The finite orders of turns by two rational mirrors.
#pragma once
#include <set>

#include "proofs/claim.h"

namespace separatrix {

/// Whether these are the orders that occur, 0 for none.
Outcome check_rational_turns(const std::set<int>& in_plane, const std::set<int>& in_space);

}  // namespace separatrix
