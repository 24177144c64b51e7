// Arithmetic of fractions.  The 64-bit case is decided by 128-bit integers; everything else is Boost's.
#include "models/numbers/rational.h"

#include <cmath>
#include <limits>
#include <numeric>

#include "models/numbers/big_rational.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

namespace mp = boost::multiprecision;
using Wide = __int128;
using Integer = mp::cpp_int;
using BigNumber = decltype(Rational::Big::value);

bool fits(Wide x) {
  return x >= std::numeric_limits<std::int64_t>::min() && x <= std::numeric_limits<std::int64_t>::max();
}
bool fits(const Integer& x) {
  return x >= std::numeric_limits<std::int64_t>::min() && x <= std::numeric_limits<std::int64_t>::max();
}

std::uint64_t magnitude(std::int64_t x) {
  return x < 0 ? -static_cast<std::uint64_t>(x) : static_cast<std::uint64_t>(x);
}

/// The greatest common divisor of a and d > 0.
std::int64_t common_divisor(std::int64_t a, std::int64_t d) {
  return static_cast<std::int64_t>(std::gcd(magnitude(a), static_cast<std::uint64_t>(d)));
}

Integer integer(Wide x) {
  return Integer(x);
}

}  // namespace

Rational::Rational(std::int64_t numerator, std::int64_t denominator) {
  if (denominator == 0) fail("rational number {}/0: the denominator must not be zero", numerator);
  const Wide divisor = std::gcd(magnitude(numerator), magnitude(denominator)), sign = denominator < 0 ? -1 : 1;
  *this = of_lowest_terms(sign * numerator / divisor, sign * denominator / divisor);
}

Rational::Rational(Big x) {
  const Integer n = mp::numerator(x.value), d = mp::denominator(x.value);
  if (fits(n) && fits(d)) {
    n_ = static_cast<std::int64_t>(n), d_ = static_cast<std::int64_t>(d);
    return;
  }
  n_ = n < 0 ? -1 : 1;
  big_ = std::make_shared<const Big>(std::move(x));
}

Rational Rational::of_lowest_terms(Wide n, Wide d) {
  if (!fits(n) || !fits(d)) return Rational(Big{BigNumber(integer(n), integer(d))});
  Rational x;
  x.n_ = static_cast<std::int64_t>(n), x.d_ = static_cast<std::int64_t>(d);
  return x;
}

// Terms that are lowest already need divisors of 64-bit numbers only (Knuth, The Art of Computer Programming, volume 2, 4.5.1).
Rational Rational::sum(Wide an, std::int64_t ad, Wide bn, std::int64_t bd) {
  const std::int64_t shared = common_divisor(ad, bd);
  if (shared == 1) return of_lowest_terms(an * bd + bn * ad, Wide{ad} * bd);
  const Wide n = an * (bd / shared) + bn * (ad / shared);
  const std::int64_t again = common_divisor(static_cast<std::int64_t>(n % shared), shared);
  return of_lowest_terms(n / again, Wide{ad / shared} * (bd / again));
}

Rational Rational::product(std::int64_t an, std::int64_t ad, std::int64_t bn, std::int64_t bd) {
  const std::int64_t left = common_divisor(an, bd), right = common_divisor(bn, ad);
  return of_lowest_terms(Wide{an / left} * (bn / right), Wide{ad / right} * (bd / left));
}

Rational::Big Rational::big() const {
  return big_ ? *big_ : Big{BigNumber(Integer(n_), Integer(d_))};
}

Rational operator+(const Rational& a, const Rational& b) {
  if (a.is_zero()) return b;
  if (b.is_zero()) return a;
  if (a.big_ || b.big_) return Rational(Rational::Big{a.big().value + b.big().value});
  return Rational::sum(a.n_, a.d_, b.n_, b.d_);
}

Rational operator-(const Rational& a, const Rational& b) {
  if (b.is_zero()) return a;
  if (a.big_ || b.big_) return Rational(Rational::Big{a.big().value - b.big().value});
  return Rational::sum(a.n_, a.d_, -Wide{b.n_}, b.d_);
}

Rational operator*(const Rational& a, const Rational& b) {
  if (a.is_zero() || b.is_zero()) return 0;
  if (a.big_ || b.big_) return Rational(Rational::Big{a.big().value * b.big().value});
  return Rational::product(a.n_, a.d_, b.n_, b.d_);
}

Rational operator/(const Rational& a, const Rational& b) {
  if (b.is_zero()) fail("division of {} by zero in exact arithmetic", to_text(a));
  if (a.big_ || b.big_ || b.n_ == std::numeric_limits<std::int64_t>::min())
    return Rational(Rational::Big{a.big().value / b.big().value});
  const std::int64_t sign = b.n_ < 0 ? -1 : 1;
  return Rational::product(a.n_, a.d_, sign * b.d_, sign * b.n_);
}

bool operator<(const Rational& a, const Rational& b) {
  if (a.big_ || b.big_) return a.big().value < b.big().value;
  return Wide{a.n_} * b.d_ < Wide{b.n_} * a.d_;
}

bool operator==(const Rational& a, const Rational& b) {
  if (a.big_ || b.big_) return a.big_ && b.big_ && a.big_->value == b.big_->value;
  return a.n_ == b.n_ && a.d_ == b.d_;
}

std::string to_text(const Rational& x) {
  return x.big().value.str();
}

Rational parse_rational(const std::string& text) {
  try {
    const std::size_t slash = text.find('/');
    const std::string below = slash == std::string::npos ? "1" : text.substr(slash + 1);
    const Integer n(text.substr(0, slash)), d(below);
    if (text.empty() || d <= 0) fail("'{}' is not a rational number; write it as 3/4", text);
    return Rational(Rational::Big{BigNumber(n, d)});
  } catch (const std::runtime_error&) {
    fail("'{}' is not a rational number; write it as 3/4", text);
  }
}

double nearest_double(const Rational& x) {
  constexpr std::int64_t exact = std::int64_t{1} << 53;  // whole numbers up to here are doubles, and their quotient is rounded once
  if (!x.big_ && -exact <= x.n_ && x.n_ <= exact && x.d_ <= exact) return static_cast<double>(x.n_) / static_cast<double>(x.d_);
  return x.big().value.convert_to<double>();
}

Rational rational_from_double(double x) {
  if (!std::isfinite(x)) fail("{} is no rational number; exact evaluation needs finite weights", x);
  int exponent = 0;
  const double m = std::frexp(x, &exponent);  // x = m 2^exponent, 53 bits in m
  Integer n(static_cast<std::int64_t>(std::ldexp(m, 53))), d(1);
  exponent -= 53;
  exponent >= 0 ? n <<= exponent : d <<= -exponent;
  return Rational(Rational::Big{BigNumber(n, d)});
}

}  // namespace separatrix
