// What the layer-norm hash costs a softmax, and keys that cost less.
//   temperature  with scores s times lambda the weight beside the right one is below eps when sum_k exp(-lambda (1 - s_k)) <= eps;
//                nearly all of it is the nearest neighbour's, so lambda g(n) = ln(1 / eps): about 2 n^4 ln(1 / eps)
//   phi(i / N)   a length N that all positions know: tan D = N |q - k| / (N^2 + q k) is at least 1 / (2 N - 1), the gap 1 / (8 N^2)
//   quadratic    the key (k, k^2) and the query (2 q, -1): score q^2 - (q - k)^2, gap exactly 1, size n^2
#include <cmath>

#include "models/numbers/log_float.h"
#include "proofs/layer_norm_hash.h"

namespace separatrix {
namespace {

/// 1 - cos D from tan D, without cancellation.
double one_minus_cos(double tangent) {
  const double x = tangent * tangent, root = std::sqrt(1 + x);
  return x / (root * (1 + root));
}

/// The least lambda at which the keys 1 .. n - 1 take at most eps of the weight of query n.
double least_temperature(int n, double eps) {
  const auto leakage = [n](double lambda) {
    double sum = 0;
    for (int k = 1; k < n; ++k) sum += std::exp(-lambda * one_minus_cos((n - k) / (1.0 + 1.0 * n * k)));
    return sum;
  };
  double low = 0, high = 1;
  while (leakage(high) > eps) high *= 2;
  for (int i = 0; i < 100; ++i) (leakage((low + high) / 2) > eps ? low : high) = (low + high) / 2;
  return high;
}

/// Whether every q <= n has its largest score at k = q alone, in p bits.
template <class Score>
bool all_retrieved(int n, int p, const Score& score) {
  for (int q = 1; q <= n; ++q)
    for (int k = 1; k <= n; ++k)
      if (k != q && !(score(q, k, p) < score(q, q, p))) return false;
  return true;
}

/// phi(q / N) . phi(k / N), every operation rounded.
LogFloat common_length_score(int q, int k, int n, int p) {
  const LogFloat a(q * 1.0, p), b(k * 1.0, p), m(n * 1.0, p);
  const auto norm = [&](const LogFloat& x) {
    const LogFloat square = x * x + m * m;
    return sqrt(square + square);
  };
  const LogFloat u = norm(a), v = norm(b), first = (a / u) * (b / v), second = (m / u) * (m / v);
  return (first + second) + (first + second);
}

LogFloat quadratic_score(int q, int k, int p) {
  const LogFloat a(2.0 * q, p), b(k * 1.0, p);
  return a * b - b * b;
}

template <class Retrieves>
int least_bits(const Retrieves& retrieves) {
  int p = 2;
  while (!retrieves(p)) ++p;
  return p;
}

}  // namespace

Outcome check_temperature_against(double (*gap)(int n)) {
  constexpr double eps = 0.01;
  Cases cases;
  std::string found;
  for (const int n : {16, 64, 256, 1024}) {
    const double lambda = least_temperature(n, eps), exponent = lambda * gap(n);
    // The second neighbour's weight is about the fourth power of the first one's, and there is none between.
    cases.expect(exponent >= std::log(1 / eps) - 1e-9 && exponent <= std::log(1 / eps) + 2 * eps * eps * eps,
                 [&] { return fmt::format("n = {}: lambda g(n) is {:.6f}, not ln 100", n, exponent); });
    found += fmt::format("{}n = {}: {:.2e}", found.empty() ? "" : ", ", n, lambda);
  }
  return cases.done("the least scale of the logits that leaves 1/100 to wrong positions; " + found);
}

Outcome check_temperature() {
  return check_temperature_against([](int n) { return one_minus_cos(1.0 / (1.0 * n * n - n + 1)); });
}

Outcome check_cheaper_keys_against(Rational (*least_tangent)(int n)) {
  Cases cases;
  for (int n = 2; n <= 150; ++n) {
    Rational least(n);
    for (int q = 1; q <= n; ++q)
      for (int k = 1; k < q; ++k)
        if (const Rational tangent(n * (q - k), n * n + q * k); tangent < least) least = tangent;
    cases.expect(least == least_tangent(n), [&] { return fmt::format("N = {}: the nearest runner-up is elsewhere", n); });
    for (int q = 1; q <= n; ++q) {
      int gap = n * n;
      for (int k = 1; k <= n; ++k)
        if (k != q) gap = std::min(gap, q * q - (2 * q * k - k * k));
      cases.expect(gap == 1, [&] { return fmt::format("quadratic key: the gap of query {} is {}", q, gap); });
    }
  }
  std::string found;
  for (const int n : {4, 8, 16, 32, 64, 128}) {
    const int common = least_bits(
        [&](int p) { return all_retrieved(n, p, [n](int q, int k, int bits) { return common_length_score(q, k, n, bits); }); });
    const int quadratic = least_bits([&](int p) { return all_retrieved(n, p, quadratic_score); });
    const double law = 2 * std::log2(n);
    cases.expect(std::fabs(common - law - 4) <= 1 && std::fabs(quadratic - law) <= 1,
                 [&] { return fmt::format("n = {}: {} and {} bits", n, common, quadratic); });
    found += fmt::format("{}n = {}: {} and {}", found.empty() ? "" : ", ", n, common, quadratic);
  }
  return cases.done("gaps for n <= 150, exactly; bits for phi(i / N) and for the quadratic key: " + found);
}

Outcome check_cheaper_keys() {
  return check_cheaper_keys_against([](int n) { return Rational(1, 2 * n - 1); });
}

}  // namespace separatrix
