// How the factors of matrix products are rounded; apart from executor.h, for device code includes it.
#pragma once

namespace separatrix {

enum class Precision { fp32, bf16 };  // of the matrix products; sums, states and norms are fp32

}  // namespace separatrix
