// The reaches of the constructions as rows, as a table and as a figure.
#pragma once
#include "experiments/harness/reach.h"
#include "experiments/report/figure.h"
#include "experiments/report/table.h"

namespace separatrix {

std::string to_csv(const std::vector<Reach>& rows);
/// Throws Error (naming `source` and the line) when the text is not what to_csv writes.
std::vector<Reach> reach_from_csv(const std::string& text, const std::string& source);

/// One row per construction, one column per arithmetic: the largest difficulty at which every answer was right.
Table reach_table(const std::vector<Reach>& rows);
/// Reach against the bits of the mantissa, every operation rounded, of the constructions that fail in one of them.  An arrow: right
/// as far as was tried.
Figure reach_figure(const std::vector<Reach>& rows);

}  // namespace separatrix
