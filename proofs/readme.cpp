#include "proofs/readme.h"

#include <cctype>
#include <sstream>

namespace separatrix {
namespace {

/// Whether the source of a claim names an item of the paper ("Lemma 1", but not "Lemma 12").
bool names_item(const std::string& source, const std::string& item) {
  const std::size_t at = source.find(item), behind = at + item.size();
  return at != std::string::npos && (behind == source.size() || !std::isdigit(static_cast<unsigned char>(source[behind])));
}

/// An item of the paper, as sources of statements name it, and what no statement says of it.
struct Item {
  const char *title, *named, *note;
};
constexpr Item kItems[] = {
    {"Definition 1", "Definition 1", ""},
    {"Figure 6, Section 3.2", "Figure 6;Section 3.2", ""},
    {"Theorem 1", "Theorem 1", "gates in the closed interval, keys inside attention of unit length (erratum 1)"},
    {"Theorem 2 (cited there)", "Theorem 2", "that padded transformers are exactly TC0 is cited; its padding is what is used"},
    {"Theorem 3", "Theorem 3", "one mechanism for formulas, not all of NC1"},
    {"Corollary 3.1 (Section 3.4)", "Corollary 3.1", "one mechanism, not all formulas with one polynomial of padding"},
    {"Theorem 4", "Theorem 4", ""},
    {"Corollary 4.1", "Corollary 4.1", ""},
    {"Corollary 4.2", "Corollary 4.2", ""},
    {"Lemma 1", "Lemma 1",
     "that fixed-depth transformers are in TC0, padded or not, and that formula evaluation is NC1-hard are cited"},
    {"Lemma 2", "Lemma 2", ""},
    {"remark on PNC1", "PNC1", ""},
    {"Appendix E, Lemma 3", "Lemma 3 of Appendix E", ""},
    {"Appendix E, Corollary 3.1", "Corollary 3.1 of Appendix E",
     "in the statements of Theorem 4, whose losses have the mean reduction of both kinds of task"},
    {"Appendix E, Lemma 4", "Lemma 4 of Appendix E", "asks for f < 1, which the printed laws break at small budgets (erratum 9)"},
    {"Appendix E, Lemma 5 and Corollary 5.1", "Corollary 5.1", ""},
    {"Appendix E, Corollary 5.2", "Corollary 5.2", ""},
    {"Appendix E, Lemma 6", "Lemma 6", "through Lemma 7 alone"},
    {"Appendix E, Lemma 7", "Lemma 7", ""},
    {"Appendix E, Corollary 7.1", "Corollary 7.1", ""},
    {"footnotes on other precisions (polynomial for transformers, sublinear for RNNs)", "Footnote", "not represented"},
};

bool names_one_of(const std::string& source, const std::string& items) {
  std::istringstream in(items);
  for (std::string item; std::getline(in, item, ';');)
    if (names_item(source, item)) return true;
  return false;
}

/// The paper's items, each with the statements that check something of it.
std::string index_by_item(const std::vector<CheckedClaim>& checked) {
  std::string out = "| item of the paper | statements that check something of it | beyond them |\n|---|---|---|\n";
  for (const Item& item : kItems) {
    std::string names;
    for (const auto& [claim, o] : checked)
      if (names_one_of(claim->source, item.named)) names += (names.empty() ? "`" : ", `") + claim->name + "`";
    out += fmt::format("| {} | {} | {} |\n", item.title, names, item.note);
  }
  return out + "\n";
}

}  // namespace

std::string proofs_readme(const std::vector<CheckedClaim>& checked) {
  std::string out =
      "# Statements\n\n"
      "Written by `separatrix verify --write-readme proofs/README.md`; do not edit.\n\n"
      "Strength says what a passed check establishes. *closure*: every number of tokens behind the header (swaps, reveals) of the\n"
      "extent, because the exact states of the running model are finitely many and every transition and read-out was checked;\n"
      "averages of attention, which need not repeat, are bounded over all histories first. *exhaustive*: every case of the stated "
      "extent. *sampled*: the stated cases. *cited*: taken from the\n"
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
