// How long the matrix products of this process took, for the share of a training step that they are.
#pragma once

namespace separatrix {

/// Seconds spent inside `matmul` so far, summed over the threads that called it.
double product_seconds();

}  // namespace separatrix
