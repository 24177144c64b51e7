#include "kernels/adamw/adamw.h"

#include <omp.h>

#include "tests/kernels/support.h"

using namespace separatrix;
using namespace separatrix::testing;

namespace {

/// The algorithm as PyTorch's documentation writes it, in T; clipped gradients; returns the weights after `steps`.
template <class T>
std::vector<T> plain(const AdamW& a, std::size_t n, int steps, double most) {
  const std::vector<float> start = draws(n, 1);
  std::vector<T> w(start.begin(), start.end()), m(n, T(0)), v(n, T(0));
  for (int t = 1; t <= steps; ++t) {
    const std::vector<float> g = draws(n, 10 + static_cast<std::uint64_t>(t), 0.3);
    double squares = 0;
    for (const float e : g) squares += static_cast<double>(e) * e;
    const double norm = std::sqrt(squares), factor = norm > most ? most / (norm + 1e-6) : 1;
    for (std::size_t i = 0; i < n; ++i) {
      const T clipped = T(g[i]) * T(factor);
      w[i] -= T(a.lr) * T(a.weight_decay) * w[i];
      m[i] = T(a.beta1) * m[i] + T(1 - a.beta1) * clipped;
      v[i] = T(a.beta2) * v[i] + T(1 - a.beta2) * clipped * clipped;
      const T mhat = m[i] / T(1 - std::pow(a.beta1, t)), vhat = v[i] / T(1 - std::pow(a.beta2, t));
      w[i] -= T(a.lr) * mhat / (std::sqrt(vhat) + T(a.eps));
    }
  }
  return w;
}

std::vector<float> kernel(const AdamW& a, std::size_t n, int steps, double most) {
  const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(n);
  std::vector<float> w = draws(n, 1), m(n, 0.0f), v(n, 0.0f);
  for (int t = 1; t <= steps; ++t) {
    const std::vector<float> g = draws(n, 10 + static_cast<std::uint64_t>(t), 0.3);
    adamw_step(a, t, size, g.data(), clip_factor(gradient_norm(size, g.data()), most), m.data(), v.data(), w.data());
  }
  return w;
}

}  // namespace

TEST_CASE("AdamW with clipping equals the plain double algorithm over several steps") {
  for (const std::size_t n : {1, 2, 3, 63, 64, 65, 100, 10000})
    for (const double decay : {0.0, 0.1}) {
      INFO("n " << n << " weight decay " << decay);
      AdamW a;
      a.lr = 0.01, a.weight_decay = decay;
      for_each_isa([&] {
        const std::vector<float> seen = kernel(a, n, 7, 1.0);
        CHECK(yardstick(seen, plain<float>(a, n, 7, 1.0), plain<double>(a, n, 7, 1.0)) < yardstick_limit);
      });
    }
}

TEST_CASE("the gradient norm is the same on every instruction set and number of threads") {
  const std::vector<float> g = draws(100001, 1);
  double exact = 0;
  for (const float e : g) exact += static_cast<double>(e) * e;
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  const double norm = gradient_norm(100001, g.data());
  CHECK(norm == Approx(std::sqrt(exact)).epsilon(1e-13));
  for (const int count : {1, 2, 3}) {
    omp_set_num_threads(count);
    for_each_isa([&] { CHECK(gradient_norm(100001, g.data()) == norm); });
  }
  omp_set_num_threads(before);
}

TEST_CASE("a short gradient is not clipped and a long one gets length one") {
  CHECK(clip_factor(0.5) == 1);
  CHECK(clip_factor(4) == Approx(0.25));
  CHECK(clip_factor(4, 2) == Approx(0.5));
}
