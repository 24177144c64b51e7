// Scratch memory of one thread, kept between calls: kernels run thousands of times per second on the same shapes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace separatrix {

/// At least `size` floats, on a cache line; contents undefined, and the next call on this thread takes them back.
inline float* thread_workspace(std::ptrdiff_t size) {
  constexpr std::uintptr_t line = 64;
  thread_local std::vector<float> memory;
  const std::size_t needed = static_cast<std::size_t>(size) + line / sizeof(float);
  if (memory.size() < needed) memory.resize(needed);
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  return reinterpret_cast<float*>((address + line - 1) / line * line);
}

}  // namespace separatrix
