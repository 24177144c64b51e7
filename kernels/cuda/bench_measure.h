// How the kernels of the GPU are timed: device clocks around single calls after a warm-up; and the checks that come first.
#pragma once
#include <algorithm>
#include <cmath>

#include "kernels/cuda/bench.h"
#include "kernels/cuda/bf16.h"
#include "kernels/cuda/runtime.h"
#include "tasks/rng.h"

namespace separatrix::SIMT {

constexpr int check_length = 150;

inline std::vector<float> uniform(std::size_t n, std::uint64_t stream, double low, double high) {
  Rng rng = draw(5, Purpose::test, 2, stream);
  std::vector<float> x(n);
  for (float& e : x) e = static_cast<float>(low + (high - low) * (rng.next() / 4294967296.0));
  return x;
}

template <class T>
std::vector<T> rounded(const std::vector<float>& x) {
  std::vector<T> y;
  for (const float e : x) y.push_back(from_float<T>(e));
  return y;
}

/// |a - b| / |b|; infinite when a is not finite.
template <class T>
double distance(const std::vector<T>& a, const std::vector<float>& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const double d = static_cast<double>(to_float(a[i])) - b[i];
    difference += d * d, norm += static_cast<double>(b[i]) * b[i];
  }
  const double ratio = std::sqrt(difference / norm);
  return std::isfinite(ratio) ? ratio : INFINITY;
}

inline void require_right(const std::string& what, double error, Precision precision) {
  // A wrong kernel errs by the order of 1; rounding by less than these.
  const double limit = precision == Precision::fp32 ? 1e-3 : 0.1;
  if (!(error < limit))
    refuse("bench: " + what + " is " + std::to_string(error) + " away from the CPU kernel (at most " + std::to_string(limit) +
           "): no speed is reported");
}

#ifdef SEPARATRIX_EMULATED
constexpr std::size_t cleared_bytes = std::size_t{1} << 16;
#else
constexpr std::size_t cleared_bytes = std::size_t{1} << 28;
#endif

/// Times f() on the device.  Before each, memory is cleared: that pushes the inputs out of the cache, and while it lasts the host
/// queues f, so that launching is not what is timed.
template <class F>
void measure(KernelSpeed& speed, int repeats, const F& f) {
  const DeviceArray<unsigned char> cleared(cleared_bytes);
  for (int i = 0; i < 3; ++i) f();
  std::vector<double> times;
  for (int i = 0; i < repeats; ++i) {
    zero_async({}, cleared.data(), cleared_bytes);
    times.push_back(seconds_of({}, f));
  }
  std::sort(times.begin(), times.end());
  const auto quantile = [&](double q) { return times[static_cast<std::size_t>(q * static_cast<double>(times.size() - 1))]; };
  speed.seconds = quantile(0.5), speed.fastest = times.front(), speed.spread = (quantile(0.9) - quantile(0.1)) / speed.seconds;
}

/// Bytes per second of a copy in device memory, read and write counted.
inline double copy_bandwidth() {
  const DeviceArray<unsigned char> from(cleared_bytes), to(cleared_bytes);
  zero_async({}, from.data(), cleared_bytes);
  KernelSpeed speed;
  measure(speed, 20, [&] { copy_async({}, to.data(), from.data(), cleared_bytes); });
  return 2.0 * cleared_bytes / speed.seconds;
}

/// FLOP/s of a large bf16 product: what the tensor cores reach.
inline double product_rate() {
  return 1e9 * product_gigaflops(Precision::bf16);
}

/// What stands beside every time.
struct Beside {
  double bandwidth, product_rate, error;
};

/// Times both passes of a version on drawn inputs, and adds them to `speeds`.
template <class Set, class Version>
void measure_version(std::vector<KernelSpeed>& speeds, int repeats, const Set& set, const Version& version,
                     std::pair<KernelSpeed, KernelSpeed> passes, const Beside& beside) {
  auto& [forward, backward] = passes;
  measure(forward, repeats, [&] { set.forward(version); });
  measure(backward, repeats, [&] { set.backward(version); });
  for (KernelSpeed* s : {&forward, &backward}) {
    s->bandwidth = beside.bandwidth, s->product_rate = beside.product_rate, s->error = beside.error;
    speeds.push_back(*s);
  }
}

}  // namespace separatrix::SIMT
