// Device memory for tests: poisoned, with a poisoned gap behind every row.  The same on a GPU and in emulation.
#pragma once
#include <cmath>
#include <stdexcept>
#include <vector>

#include "kernels/cuda/bf16.h"
#include "kernels/cuda/runtime.h"
#include "kernels/rows.h"
#ifdef SEPARATRIX_EMULATED
#include "kernels/cuda/simt_emulated.h"
#endif

namespace separatrix::SIMT {

/// While it lives, emulated threads and blocks take turns in another order; a GPU chooses its own anyway.
/// 0: the first warp ahead of all others, 1: the last one, more: shuffled, each in its own way.
struct OtherThreadOrder {
#ifdef SEPARATRIX_EMULATED
  explicit OtherThreadOrder(std::uint64_t seed) {
    set_thread_order(seed == 0   ? ThreadOrder::first_warp_ahead
                     : seed == 1 ? ThreadOrder::last_warp_ahead
                                 : ThreadOrder::shuffled,
                     seed);
  }
  ~OtherThreadOrder() {
    set_thread_order(ThreadOrder::forward);
  }
#else
  explicit OtherThreadOrder(std::uint64_t) {}
  ~OtherThreadOrder() {}
#endif
};

constexpr std::uint64_t other_thread_orders = 3;

template <class T>
std::vector<T> to_type(const std::vector<float>& x) {
  std::vector<T> y;
  for (const float e : x) y.push_back(from_float<T>(e));
  return y;
}
template <class T>
std::vector<float> to_floats(const std::vector<T>& x) {
  std::vector<float> y;
  for (const T e : x) y.push_back(to_float(e));
  return y;
}

/// (rows, width) with `gap` poisoned elements behind each row.
template <class T, std::size_t gap = 3>
class DeviceRows {
 public:
  DeviceRows(std::size_t rows, std::size_t width)
      : rows_(rows), width_(width), memory_(to_type<T>(std::vector<float>(rows * (width + gap), std::nanf("1")))) {}
  DeviceRows(const std::vector<float>& values, std::size_t width) : DeviceRows(values.size() / width, width) {
    std::vector<T> all = to_type<T>(std::vector<float>(rows_ * (width + gap), std::nanf("1")));
    for (std::size_t i = 0; i < values.size(); ++i) all[i / width * (width + gap) + i % width] = from_float<T>(values[i]);
    memory_.upload(all);
  }
  Rows<T> rows() const { return {memory_.data(), static_cast<std::ptrdiff_t>(width_ + gap)}; }
  /// Throws when a gap was written.
  std::vector<float> values() const {
    const std::vector<float> all = to_floats(memory_.download());
    std::vector<float> x;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i % (width_ + gap) < width_)
        x.push_back(all[i]);
      else if (!std::isnan(all[i]))
        throw std::runtime_error("a kernel wrote beyond the end of a row");
    }
    return x;
  }

 private:
  std::size_t rows_, width_;
  DeviceArray<T> memory_;
};

/// `size` NaN.
inline DeviceArray<float> poisoned(std::size_t size) {
  return DeviceArray<float>(std::vector<float>(size, std::nanf("1")));
}

}  // namespace separatrix::SIMT
