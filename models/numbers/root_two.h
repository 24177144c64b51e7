// The field Q(sqrt 2): numbers a + b sqrt 2 with rational a, b, exact, in the order of the real line.
// The unit key (e_i - e_j) / sqrt 2 of a swap lives here.
#pragma once
#include "models/numbers/rational.h"

namespace separatrix {

struct RootTwo {
  Rational a, b;
  RootTwo(int x = 0) : a(x) {}
  RootTwo(Rational rational, Rational root = 0) : a(std::move(rational)), b(std::move(root)) {}
  bool is_zero() const { return a.is_zero() && b.is_zero(); }
  bool is_rational() const { return b.is_zero(); }
  friend bool operator==(const RootTwo& x, const RootTwo& y) = default;
};

RootTwo operator+(const RootTwo& x, const RootTwo& y);
RootTwo operator-(const RootTwo& x, const RootTwo& y);
RootTwo operator*(const RootTwo& x, const RootTwo& y);
RootTwo operator/(const RootTwo& x, const RootTwo& y);
bool operator<(const RootTwo& x, const RootTwo& y);

/// "1/2+3/4r2", "-3r2", "5/7".
std::string to_text(const RootTwo& x);
RootTwo parse_root_two(const std::string& text);

/// The double nearest to x, from 256 bits.
double nearest_double(const RootTwo& x);

template <>
struct FromDouble<RootTwo> {
  static RootTwo exact(double x) { return rational_from_double(x); }
  static RootTwo rounded(double x) { return rational_from_double(x); }
};
template <>
struct ToDouble<RootTwo> {
  static double rounded(const RootTwo& x) { return nearest_double(x); }
};

}  // namespace separatrix
