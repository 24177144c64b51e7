// Where arithmetic ends the steps and scores that constructions are made of: measured beside the law.
#pragma once
#include "experiments/report/figure.h"
#include "experiments/report/table.h"

namespace separatrix {

/// One limit.  `at` is the logit of the gate (lazy_walk), the bits of the mantissa (rounded_key, hash) or the length of the formula
/// (padded_formulas).
struct Limit {
  std::string name;
  int at = 0;
  double law = 0;
  int measured = 0;
};

/// Measures all of them (a few seconds).
std::vector<Limit> measure_limits();

std::string to_csv(const std::vector<Limit>& limits);
/// Throws Error naming `source` when the text is something else.
std::vector<Limit> limits_from_csv(const std::string& text, const std::string& source);

Table limits_table(const std::vector<Limit>& limits);
Figure limits_figure(const std::vector<Limit>& limits);

}  // namespace separatrix
