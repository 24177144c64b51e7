// Rational numbers, exact: a fraction of two 64-bit integers, and of two Boost integers once those are too small.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "models/numbers/cast.h"

namespace separatrix {

/// n / d in lowest terms with d > 0.  Division by zero throws Error.
class Rational {
 public:
  struct Big;  // Boost's cpp_rational

  Rational(int x = 0) : n_(x) {}
  Rational(std::int64_t numerator, std::int64_t denominator);
  explicit Rational(Big x);

  bool is_zero() const { return n_ == 0 && !big_; }
  /// Equal numbers have equal hashes.
  std::size_t hash() const { return static_cast<std::size_t>(n_) * 0x9e3779b97f4a7c15ull + static_cast<std::size_t>(d_); }
  /// The Boost number with the same value.
  Big big() const;

  friend Rational operator+(const Rational& a, const Rational& b);
  friend Rational operator-(const Rational& a, const Rational& b);
  friend Rational operator*(const Rational& a, const Rational& b);
  friend Rational operator/(const Rational& a, const Rational& b);
  friend bool operator<(const Rational& a, const Rational& b);
  friend bool operator==(const Rational& a, const Rational& b);
  friend double nearest_double(const Rational& x);

 private:
  // Fractions in lowest terms with positive denominators: n / d, a sum, a product.
  static Rational of_lowest_terms(__int128 n, __int128 d);
  static Rational sum(__int128 an, std::int64_t ad, __int128 bn, std::int64_t bd);
  static Rational product(std::int64_t an, std::int64_t ad, std::int64_t bn, std::int64_t bd);

  std::int64_t n_ = 0, d_ = 1;
  std::shared_ptr<const Big> big_;  // set exactly when the value does not fit n_ / d_
};

/// "-3/4", "7".
std::string to_text(const Rational& x);
Rational parse_rational(const std::string& text);

/// The nearest double.
double nearest_double(const Rational& x);
/// Every finite double is a rational number.  Infinity and NaN throw Error.
Rational rational_from_double(double x);

template <>
struct FromDouble<Rational> {
  static Rational exact(double x) { return rational_from_double(x); }
  static Rational rounded(double x) { return rational_from_double(x); }
};
template <>
struct ToDouble<Rational> {
  static double rounded(const Rational& x) { return nearest_double(x); }
};

}  // namespace separatrix
