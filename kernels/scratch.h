// The memory of one call of a kernel, piece by piece.  Included only by kernel texts (simd.h says why).
#pragma once
#include "kernels/simd.h"

namespace separatrix::SIMD_SET {

/// Hands out pieces of scratch.
struct Scratch {
  float* next;
  float* take(ptrdiff_t size) {
    float* piece = next;
    next += size;
    return piece;
  }
  template <class... Pieces>
  void take_each(ptrdiff_t size, Pieces&... pieces) {
    ((pieces = take(size)), ...);
  }
};

}  // namespace separatrix::SIMD_SET
