// Sums of powers over all integers from somewhere on, which is what the tasks that are not learned add up to.
#pragma once

namespace separatrix {

/// Sum of k^-(alpha+1) over all integers k > n; alpha in (0, 100], n >= 0 a whole number.  n = 0 gives Riemann's zeta(alpha+1).
/// Relative error about 1e-15.
double power_tail(double alpha, double n);

}  // namespace separatrix
