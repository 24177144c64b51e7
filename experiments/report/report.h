// From sweep directories to a report: rows, selection, tables, figures, one page.
#pragma once
#include <filesystem>
#include <vector>

namespace separatrix {

/// Reads sweeps (directories or CSV files of rows) and writes into `out`: index.html, figures (SVG, PNG, PDF, script), tables
/// (Markdown, LaTeX, CSV), results.csv with every row.  verify.json in `out` is shown when it is there.
/// Throws Error when an input is no sweep, or holds no finished run.
void write_report(const std::vector<std::filesystem::path>& sweeps, const std::filesystem::path& out);

}  // namespace separatrix
