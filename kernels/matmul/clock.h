// How long the matrix products of this process took, for the share of a training step that they are.
#pragma once

namespace separatrix {

/// Seconds spent in products so far, summed over the cores they had: all that may be used, or one for a product in a parallel
/// region.
double product_core_seconds();

}  // namespace separatrix
