// The paper's own scaling laws and what it derives from them (experiments/paper/scaling.csv), and how well the one follows from the
// other: printed coefficients are rounded, so what they say is a range.
#pragma once
#include <string>
#include <vector>

#include "experiments/report/statistics.h"
#include "experiments/scaling/chinchilla_law.h"

namespace separatrix {

/// One number of the paper.
struct PrintedNumber {
  std::string source, fit, arch, quantity;
  double at;         // parameters or floating-point operations; 0 where there is nothing to be at
  std::string text;  // as printed, in units of `times`
  double times;
  double value() const;
  double half_unit() const;  // half a unit of its last digit: how far rounding may have moved it
};

/// All of them, in the file's order.  Throws Error when the file is not where the program was configured.
const std::vector<PrintedNumber>& published_scaling();

/// A law as printed, and half a unit of each coefficient's last digit.  Of two prints of one coefficient that with more digits
/// counts.
struct PrintedLaw {
  ChinchillaLaw law, half_unit;
};
/// Throws Error naming the known fits and architectures.
PrintedLaw printed_law(const std::string& fit, const std::string& arch);
/// The architectures of a fit, in the file's order.
std::vector<std::string> printed_architectures(const std::string& fit);
/// The values of `at` for a quantity, in the file's order, each once.
std::vector<double> printed_at(const std::string& quantity);
/// The loss that the token savings are about.
double printed_target_loss();

/// A printed number, what the printed coefficients give, and the least and largest that coefficients give which round to those.
struct Recomputed {
  const PrintedNumber* printed;
  double value;
  Interval range;
  bool same() const;      // rounds to the printed digits
  bool possible() const;  // some number of the range does
};
/// Every published number that follows from a printed law.
std::vector<Recomputed> recompute_published();

}  // namespace separatrix
