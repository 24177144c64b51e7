// Memory that begins with a cache line: a row of a matrix tile (AMX) or a wide vector that lies across two takes twice as long to
// read.
#pragma once
#include <cstddef>
#include <new>
#include <vector>

namespace separatrix {

template <class T>
struct Aligned {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};
  Aligned() = default;
  template <class U>
  Aligned(const Aligned<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), alignment)); }
  void deallocate(T* p, std::size_t) { ::operator delete(p, alignment); }
  bool operator==(const Aligned&) const = default;
};

template <class T>
using AlignedVector = std::vector<T, Aligned<T>>;

}  // namespace separatrix
