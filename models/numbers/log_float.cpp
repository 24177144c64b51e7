// Arithmetic of p-bit floats: exact results in 128-bit integers plus one "something was cut off" bit, then one rounding.
#include "models/numbers/log_float.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "models/numbers/big_float.h"
#include "tasks/error.h"

namespace separatrix {

/// What the operations share.
struct LogFloatTools {
  using Wide = LogFloat::Wide;

  static int width(Wide m) {
    const auto high = static_cast<std::uint64_t>(m >> 64), low = static_cast<std::uint64_t>(m);
    return static_cast<int>(high ? 64 + std::bit_width(high) : std::bit_width(low));
  }

  /// m 2^e (+ something below one unit of m when `cut`), rounded to p bits; p = 0: a constant.
  static LogFloat round(bool negative, Wide m, std::int64_t e, bool cut, int p) {
    LogFloat x;
    x.p_ = p;
    if (m == 0) return x;
    const int drop = width(m) - (p > 0 ? p : LogFloat::max_bits);
    if (drop > 0) {
      const Wide below = m & ((Wide{1} << drop) - 1), half = Wide{1} << (drop - 1);
      m >>= drop, e += drop;
      if (below > half || (below == half && (cut || (m & 1)))) ++m;
    } else if (p > 0) {
      m <<= -drop, e += drop;
    }
    if (p > 0 && width(m) > p) m >>= 1, ++e;
    x.negative_ = negative, x.mantissa_ = static_cast<std::uint64_t>(m), x.exponent_ = e;
    return x;
  }

  /// The p of a result; both operands as numbers of that p.
  static int join(LogFloat& a, LogFloat& b) {
    if (a.p_ == b.p_) return a.p_;
    if (a.p_ && b.p_) fail("numbers of {} and {} bits do not mix; convert one of them first", a.p_, b.p_);
    const int p = std::max(a.p_, b.p_);
    a = a.rounded_to(p), b = b.rounded_to(p);
    return p;
  }

  /// The mantissa shifted to 63 bits, and its exponent.
  static std::pair<std::uint64_t, std::int64_t> aligned(const LogFloat& x) {
    const int shift = 63 - static_cast<int>(std::bit_width(x.mantissa_));
    return {x.mantissa_ << shift, x.exponent_ - shift};
  }

  /// -1, 0, 1: order of |a| and |b|.
  static int compare_magnitudes(const LogFloat& a, const LogFloat& b) {
    if (a.mantissa_ == 0 || b.mantissa_ == 0) return (a.mantissa_ != 0) - (b.mantissa_ != 0);
    const auto [ma, ea] = aligned(a);
    const auto [mb, eb] = aligned(b);
    if (ea != eb) return ea < eb ? -1 : 1;
    return ma < mb ? -1 : ma > mb;
  }

  static int compare(const LogFloat& a, const LogFloat& b) {
    if (a.p_ && b.p_ && a.p_ != b.p_) fail("numbers of {} and {} bits do not mix; convert one of them first", a.p_, b.p_);
    const int sign_a = a.mantissa_ == 0 ? 0 : a.negative_ ? -1 : 1, sign_b = b.mantissa_ == 0 ? 0 : b.negative_ ? -1 : 1;
    if (sign_a != sign_b) return sign_a < sign_b ? -1 : 1;
    return sign_a * compare_magnitudes(a, b);
  }

  static LogFloat sum(LogFloat a, LogFloat b) {
    const int p = join(a, b);
    if (a.mantissa_ == 0) return b;
    if (b.mantissa_ == 0) return a;
    if (compare_magnitudes(a, b) < 0) std::swap(a, b);
    const auto [ma, ea] = aligned(a);
    const auto [mb, eb] = aligned(b);
    const std::int64_t distance = ea - eb;
    const Wide x = Wide{ma} << 64, full = Wide{mb} << 64;
    const Wide y = distance < 127 ? full >> distance : 0;
    const bool cut = distance >= 127 || (y << distance) != full;
    if (a.negative_ == b.negative_) return round(a.negative_, x + y, ea - 64, cut, p);
    return round(a.negative_, x - y - (cut ? 1 : 0), ea - 64, cut, p);
  }

  static LogFloat from_big(const BigFloat<256>& x, int p) {
    namespace mp = boost::multiprecision;
    if (x == 0) return round(false, 0, 0, false, p);
    int exponent = 0;
    const BigFloat<256> scaled = ldexp(BigFloat<256>(abs(frexp(x, &exponent))), 126);
    const mp::cpp_int whole(scaled);
    return round(x < 0, static_cast<Wide>(whole), std::int64_t{exponent} - 126, BigFloat<256>(whole) != scaled, p);
  }

  /// |x| must fit a BigFloat.
  static BigFloat<256> to_big(const LogFloat& x) {
    const BigFloat<256> magnitude = ldexp(BigFloat<256>(x.mantissa_), static_cast<int>(x.exponent_));
    return x.negative_ ? BigFloat<256>(-magnitude) : magnitude;
  }
};

namespace {

void check_bits(int p) {
  if (p < 2 || p > LogFloat::max_bits) fail("a p-bit float needs 2 <= p <= {}, not {}", LogFloat::max_bits, p);
}

}  // namespace

LogFloat::LogFloat(int x) : negative_(x < 0), mantissa_(static_cast<std::uint64_t>(x < 0 ? -std::int64_t{x} : x)) {}

LogFloat LogFloat::constant(double x) {
  if (!std::isfinite(x)) fail("{} is no p-bit float", x);
  int exponent = 0;
  const double m = std::frexp(std::fabs(x), &exponent);
  return LogFloatTools::round(x < 0, static_cast<std::uint64_t>(std::ldexp(m, 53)), exponent - 53, false, 0);
}

LogFloat::LogFloat(double x, int p) {
  check_bits(p);
  *this = constant(x).rounded_to(p);
}

LogFloat::LogFloat(const Exact& x, int p) {
  check_bits(p);
  *this = LogFloatTools::from_big(big_float<256>(x), p);
}

LogFloat LogFloat::rounded_to(int p) const {
  return LogFloatTools::round(negative_, mantissa_, exponent_, false, p);
}

double LogFloat::to_double() const {
  const int e = static_cast<int>(std::clamp<std::int64_t>(exponent_, -100000, 100000));
  const double magnitude = std::ldexp(static_cast<double>(mantissa_), e);
  return negative_ ? -magnitude : magnitude;
}

LogFloat operator+(const LogFloat& a, const LogFloat& b) {
  return LogFloatTools::sum(a, b);
}

LogFloat operator-(const LogFloat& a, const LogFloat& b) {
  LogFloat minus = b;
  minus.negative_ = !b.negative_;
  return LogFloatTools::sum(a, minus);
}

LogFloat operator*(const LogFloat& a, const LogFloat& b) {
  LogFloat x = a, y = b;
  const int p = LogFloatTools::join(x, y);
  return LogFloatTools::round(x.negative_ != y.negative_, LogFloat::Wide{x.mantissa_} * y.mantissa_, x.exponent_ + y.exponent_,
                              false, p);
}

LogFloat operator/(const LogFloat& a, const LogFloat& b) {
  LogFloat x = a, y = b;
  const int p = LogFloatTools::join(x, y);
  if (y.mantissa_ == 0) fail("division by zero in {}-bit arithmetic", p);
  if (x.mantissa_ == 0) return x;
  const auto [mx, ex] = LogFloatTools::aligned(x);
  const auto [my, ey] = LogFloatTools::aligned(y);
  const LogFloat::Wide numerator = LogFloat::Wide{mx} << 64;
  return LogFloatTools::round(x.negative_ != y.negative_, numerator / my, ex - 64 - ey, numerator % my != 0, p);
}

bool operator<(const LogFloat& a, const LogFloat& b) {
  return LogFloatTools::compare(a, b) < 0;
}

bool operator==(const LogFloat& a, const LogFloat& b) {
  return LogFloatTools::compare(a, b) == 0;
}

LogFloat sqrt(const LogFloat& x) {
  using Wide = LogFloat::Wide;
  if (x.mantissa_ == 0) return x;
  if (x.negative_) fail("square root of a negative number in {}-bit arithmetic", x.p_);
  auto [m, e] = LogFloatTools::aligned(x);
  const int shift = e % 2 == 0 ? 64 : 63;  // the exponent e - shift must be even
  const Wide square = Wide{m} << shift;
  auto root = static_cast<Wide>(std::sqrt(static_cast<double>(square)));
  for (int newton = 0; newton < 2; ++newton) root = (root + square / root) / 2;
  while (root * root > square) --root;
  while ((root + 1) * (root + 1) <= square) ++root;
  return LogFloatTools::round(false, root, (e - shift) / 2, root * root != square, x.p_);
}

LogFloat exp(const LogFloat& x) {
  if (x.mantissa_ == 0) return LogFloat(1).rounded_to(x.p_);
  if (LogFloatTools::aligned(x).second > -3) fail("exp of a number beyond 2^60 in {}-bit arithmetic", x.p_);
  if (x.exponent_ < -1000) return LogFloat(1).rounded_to(x.p_);
  const BigFloat<256> value = LogFloatTools::to_big(x), ln2 = log(BigFloat<256>(2));
  const BigFloat<256> octaves = round(BigFloat<256>(value / ln2));
  LogFloat y = LogFloatTools::from_big(exp(BigFloat<256>(value - octaves * ln2)), x.p_);
  y.exponent_ += static_cast<std::int64_t>(octaves);
  return y;
}

LogFloat log1p(const LogFloat& x) {
  // log(1 + x) = x - x^2/2 + ...: below 2^-200 the nearest p-bit number is x itself.
  if (x.mantissa_ == 0 || x.exponent_ < -300) return x;
  if (!(LogFloat(-1) < x)) fail("log1p of a number not above -1 in {}-bit arithmetic", x.p_);
  if (x.exponent_ > 1000000) fail("log1p of a number beyond 2^1000000 in {}-bit arithmetic", x.p_);
  return LogFloatTools::from_big(log1p(LogFloatTools::to_big(x)), x.p_);
}

}  // namespace separatrix
