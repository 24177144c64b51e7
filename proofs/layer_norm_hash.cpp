// The layer-norm hash phi(x) = (x, 1, -x, -1) / sqrt(2 x^2 + 2)  (Merrill and Sabharwal 2024):
//   phi(q) . phi(k) = (q k + 1) / sqrt((q^2 + 1)(k^2 + 1)) = cos D,   tan D = |q - k| / (1 + q k),   largest at k = q alone.
// Over 1 <= q, k <= n the runner-up is nearest at (n - 1, n): tan D = 1 / (n^2 - n + 1), so the gap is
//   g(n) = 1 - (1 + (n^2 - n + 1)^-2)^(-1/2), about 1 / (2 n^4): it takes about 4 log2 n + 2 bits to see it.
#include "proofs/layer_norm_hash.h"

#include <cmath>

#include "models/numbers/big_float.h"
#include "models/numbers/log_float.h"

namespace separatrix {
namespace {

/// The hash of x / m given the pair (x, m), every operation rounded: (x, m, -x, -m) / sqrt(2 (x^2 + m^2)).
std::array<LogFloat, 4> hash(const LogFloat& x, const LogFloat& m) {
  const LogFloat square = x * x + m * m, norm = sqrt(square + square);
  const LogFloat a = x / norm, b = m / norm;
  return {a, b, LogFloat(0) - a, LogFloat(0) - b};
}

LogFloat product(const std::array<LogFloat, 4>& a, const std::array<LogFloat, 4>& b) {
  LogFloat s = LogFloat(0);
  for (int i = 0; i < 4; ++i) s = s + a[i] * b[i];
  return s;
}

}  // namespace

// Position i is the direction (1, 1 / i), which is what uniform attention over i tokens yields.
int largest_retrieved(int p, int limit) {
  std::vector<std::array<LogFloat, 4>> keys;
  const LogFloat one(1.0, p);
  for (int n = 1; n <= limit; ++n) {
    keys.push_back(hash(one, one / LogFloat(static_cast<double>(n), p)));
    // All earlier queries still won among the earlier keys: only the new key and the new query can break it.
    const std::array<LogFloat, 4>& added = keys.back();
    for (const auto& key : keys) {
      if (&key == &added) break;
      const LogFloat across = product(key, added);
      if (!(across < product(key, key)) || !(across < product(added, added))) return n - 1;
    }
  }
  return limit;
}

namespace {

int bits_needed(int n) {
  int p = 4;
  while (largest_retrieved(p, n) < n) ++p;
  return p;
}

}  // namespace

Outcome check_hash_gap(Rational (*least_tangent)(int n)) {
  constexpr int n = 150;
  Cases cases;
  for (int q = 1; q <= n; ++q) {
    const auto cos2 = [q](int k) {
      return Rational(q * k + 1, 1) * Rational(q * k + 1, 1) / Rational((q * q + 1) * (k * k + 1), 1);
    };
    for (int k = 1; k <= n; ++k)
      cases.expect(k == q ? cos2(k) == 1 : cos2(k) < 1, [&] { return fmt::format("query {}, key {}", q, k); });
  }
  // The nearest runner-up: min of tan D over pairs up to m is 1 / (m^2 - m + 1), exactly.
  for (int m = 2; m <= n; ++m) {
    Rational least = 1;
    for (int k = 1; k < m; ++k) {
      const Rational tangent(m - k, 1 + m * k);
      if (tangent < least) least = tangent;
    }
    cases.expect(least == least_tangent(m), [&] { return fmt::format("n = {}: the gap is not g(n)", m); });
  }
  return cases.done("q, k <= 150 exactly; nearest runner-up at tan D = 1 / (n^2 - n + 1) for each n <= 150");
}

Outcome check_hash_argmax() {
  return check_hash_gap([](int n) { return Rational(1, n * n - n + 1); });
}

Outcome check_hash_law(double (*bits)(int n)) {
  Cases cases;
  std::string found;
  for (const int n : {4, 8, 16, 32, 64, 128}) {
    const int p = bits_needed(n);
    const double law = bits(n);
    cases.expect(std::fabs(p - law) <= 1,
                 [&] { return fmt::format("n = {}: {} bits are needed, the law says {:.1f}", n, p, law); });
    found += fmt::format("n = {}: {}, ", n, p);
  }
  const int bf16 = largest_retrieved(8, 100), fp16 = largest_retrieved(11, 100), fp32 = largest_retrieved(24, 100);
  cases.expect(bf16 == 3 && fp16 == 5 && fp32 == 48,
               [&] { return fmt::format("limits {} / {} / {} instead of 3 / 5 / 48 at 8 / 11 / 24 bits", bf16, fp16, fp32); });
  return cases.done(found + fmt::format("largest n at 8 / 11 / 24 bits: {} / {} / {}", bf16, fp16, fp32));
}

Outcome check_hash_bits() {
  return check_hash_law([](int n) { return 4 * std::log2(n) + 2; });
}

}  // namespace separatrix
