// What this machine can do at best, here and now: the bar that speeds are measured against.
#pragma once
#include "kernels/matmul/matmul.h"

namespace separatrix {

/// GFLOP/s with the threads in use, the best of ten of two forms: all threads at one product of two (1024, 1024) matrices, or every
/// thread at products of its own, 128 rows with a (1024, 1024) weight laid out for it, as a training step has them.
double product_peak(Precision precision);

}  // namespace separatrix
