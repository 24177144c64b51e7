// Checks many claims, several at a time; what is reported is the same, and in the same order, as one by one.
#pragma once
#include <functional>

#include "proofs/claim.h"

namespace separatrix {

/// Wall-clock seconds of one check, with others beside it.
using ReportClaim = std::function<void(const Claim& claim, const Outcome& outcome, double seconds)>;

/// Checks each claim, on `model` if there is one, else on its construction; `threads` at a time.  `report` is called by the calling
/// thread, in the order of `claims`, as soon as a claim and all before it are checked.
void check_all(const std::vector<const Claim*>& claims, const BuiltModel* model, Depth depth, int threads,
               const ReportClaim& report);

}  // namespace separatrix
