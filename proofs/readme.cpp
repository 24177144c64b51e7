#include "proofs/readme.h"

namespace separatrix {

std::string proofs_readme(const std::vector<CheckedClaim>& checked) {
  std::string out =
      "# Statements\n\n"
      "Written by `separatrix verify --write-readme proofs/README.md`; do not edit.\n\n"
      "Strength says what a passed check establishes. *closure*: all lengths, because the exact states of the running model are\n"
      "finitely many and every transition and read-out was checked. *exhaustive*: every case of the stated extent. *sampled*: the\n"
      "stated cases.\n\n"
      "| statement | says | from | strength | extent | model | cases | failures | checked |\n"
      "|---|---|---|---|---|---|---|---|---|\n";
  for (const auto& [claim, o] : checked)
    out += fmt::format("| `{}` | {} | {} | {} | {} | {} | {} | {} | {} |\n", claim->name, claim->statement, claim->source,
                       strength_name(claim->strength), claim->extent,
                       claim->construction.empty() ? "none" : "`" + claim->construction + "`", o.cases, o.failures, o.detail);
  return out;
}

std::string built_task(const Claim& claim) {
  const Construction& c = find_construction(claim.construction);
  return c.build(c.default_n).task;
}

}  // namespace separatrix
