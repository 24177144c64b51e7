// What checking by machine found about the paper, ERRATA.md: each finding with the statements that show it.
#pragma once
#include "proofs/readme.h"

namespace separatrix {

struct Finding {
  std::string title, text;
  std::vector<std::string> claims;    // names of statements
  std::vector<std::string> commands;  // others that show it
};
const std::vector<Finding>& findings();

/// Markdown: the findings, with what their statements counted in this run.  Throws Error when a finding names an unknown statement
/// or one that is not among `checked`.
std::string errata(const std::vector<CheckedClaim>& checked);

}  // namespace separatrix
