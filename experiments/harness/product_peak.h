// What this machine can do at best, here and now: the bar that speeds are measured against.
#pragma once
#include "kernels/matmul/matmul.h"

namespace separatrix {

/// GFLOP/s of a product of two (1024, 1024) matrices, the best of ten, with the threads in use.
double product_peak(Precision precision);

}  // namespace separatrix
