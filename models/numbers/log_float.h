// p-bit floating point with p chosen at run time: the arithmetic of "log-precision" theorems.
// Every operation rounds once to nearest, ties to even; the exponent has 64 bits, so nothing over- or underflows in practice.
// p = 8, 11, 24, 53 are the significands of bf16, fp16, fp32, fp64.
#pragma once
#include <cstdint>

#include "models/numbers/exact.h"

namespace separatrix {

/// (-1)^negative mantissa 2^exponent.  A number built without p, T(1) say, is a constant: it takes the p of the number it meets.
/// Two numbers of different p do not mix: Error.  Constants among themselves are computed to 62 bits; rounding such a value
/// again to p <= 30 bits equals rounding once (Figueroa 1995).
class LogFloat {
 public:
  static constexpr int max_bits = 62;

  LogFloat(int constant = 0);
  /// x to p bits, 2 <= p <= 62.
  LogFloat(double x, int p);
  LogFloat(const Exact& x, int p);
  /// A constant with the value of x, exactly.
  static LogFloat constant(double x);

  int bits() const { return p_; }  // 0: a constant
  double to_double() const;

  friend LogFloat operator+(const LogFloat& a, const LogFloat& b);
  friend LogFloat operator-(const LogFloat& a, const LogFloat& b);
  friend LogFloat operator*(const LogFloat& a, const LogFloat& b);
  friend LogFloat operator/(const LogFloat& a, const LogFloat& b);
  friend bool operator<(const LogFloat& a, const LogFloat& b);
  friend bool operator==(const LogFloat& a, const LogFloat& b);
  friend LogFloat sqrt(const LogFloat& x);
  friend LogFloat exp(const LogFloat& x);
  friend LogFloat log1p(const LogFloat& x);

 private:
  using Wide = unsigned __int128;
  friend struct LogFloatTools;

  LogFloat rounded_to(int p) const;

  bool negative_ = false;
  std::uint64_t mantissa_ = 0;  // 0, or of exactly p bits; of a constant: of at most 62 bits
  std::int64_t exponent_ = 0;
  int p_ = 0;
};

template <>
struct FromDouble<LogFloat> {
  static LogFloat exact(double x) { return LogFloat::constant(x); }
  static LogFloat rounded(double x) { return LogFloat::constant(x); }
};
template <>
struct ToDouble<LogFloat> {
  static double rounded(const LogFloat& x) { return x.to_double(); }
};

}  // namespace separatrix
