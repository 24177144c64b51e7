// The separation in words, decided by code from the counts: what theory predicts for each task and model, and whether it was seen.
#pragma once
#include <string>
#include <vector>

#include "experiments/report/selection.h"

namespace separatrix {

struct Verdict {
  std::string expected;  // "GDN >= 0.95 at the hardest difficulty (n = 16)"
  std::string seen;      // "1019/1024 = 0.995 [0.989, 0.998]"
  bool holds = false;
};

/// solves:   the selected run answers >= 0.95 at the hardest difficulty.
/// at floor: it is within 0.15 of the best shortcut there.
/// below:    its whole 95 % Wilson interval lies below 0.95.
/// State tracking: GDN and hybrid solve, transformer at floor.  Recall: transformer and hybrid solve, GDN below.
/// State-based recall: hybrid solves, both others below.  [paper, Sec. 3.3 and 3.5]
/// Empty for other tasks; a model that was not run gets no verdict.
std::vector<Verdict> verdicts(const Experiment& experiment);

/// "1019/1024 = 0.995 [0.989, 0.998]"; "not measured" when nothing was counted.
std::string show(const Counts& counts);

}  // namespace separatrix
