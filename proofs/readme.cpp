#include "proofs/readme.h"

#include <cctype>

namespace separatrix {
namespace {

/// Whether the source of a claim names an item of the paper ("Lemma 1", but not "Lemma 12").
bool names_item(const std::string& source, const std::string& item) {
  const std::size_t at = source.find(item), behind = at + item.size();
  return at != std::string::npos && (behind == source.size() || !std::isdigit(static_cast<unsigned char>(source[behind])));
}

/// The paper's items, each with the statements that check something of it.
std::string index_by_item(const std::vector<CheckedClaim>& checked) {
  std::string out = "| item of the paper | statements that check something of it |\n|---|---|\n";
  for (const char* item : {"Definition 1", "Figure 6", "Theorem 1", "Theorem 2", "Theorem 3", "Theorem 4", "Corollary 3.1",
                           "Corollary 4.1", "Corollary 4.2", "Lemma 1", "Lemma 2", "PNC1"}) {
    std::string names;
    for (const auto& [claim, o] : checked)
      if (names_item(claim->source, item)) names += (names.empty() ? "`" : ", `") + claim->name + "`";
    out += fmt::format("| {} | {} |\n", item, names);
  }
  return out + "\n";
}

}  // namespace

std::string proofs_readme(const std::vector<CheckedClaim>& checked) {
  std::string out =
      "# Statements\n\n"
      "Written by `separatrix verify --write-readme proofs/README.md`; do not edit.\n\n"
      "Strength says what a passed check establishes. *closure*: all lengths, because the exact states of the running model are\n"
      "finitely many and every transition and read-out was checked; averages of attention, which need not repeat, are bounded "
      "over\n"
      "all histories first. *exhaustive*: every case of the stated extent. *sampled*: the stated cases. *cited*: taken from the\n"
      "literature, the extent says what of it was checked.\n\n" +
      index_by_item(checked) +
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
