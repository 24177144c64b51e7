// Scratch memory of one thread, kept between calls: kernels run thousands of times per second on the same shapes.
#pragma once
#include <cstddef>

#include "kernels/aligned.h"

namespace separatrix {

/// At least `size` floats, on a cache line; contents undefined, and the next call on this thread takes them back.
inline float* thread_workspace(std::ptrdiff_t size) {
  thread_local AlignedVector<float> memory;
  if (memory.size() < static_cast<std::size_t>(size)) memory.resize(static_cast<std::size_t>(size));
  return memory.data();
}

}  // namespace separatrix
