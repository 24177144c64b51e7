// The table of statements, proofs/README.md.
#pragma once
#include "proofs/claim.h"

namespace separatrix {

struct CheckedClaim {
  const Claim* claim;
  Outcome outcome;
};

/// Markdown without times, so that it changes only when a statement or a count does.
std::string proofs_readme(const std::vector<CheckedClaim>& checked);

/// The task of the claim's construction.
std::string built_task(const Claim& claim);

}  // namespace separatrix
