// The field Q(sqrt d): numbers a + b sqrt d with rational a, b, exact, in the order of the real line.  d is no square.
#pragma once
#include "models/numbers/rational.h"

namespace separatrix {

template <int d>
struct Root {
  Rational a, b;
  Root(int x = 0) : a(x) {}
  Root(Rational rational, Rational root = 0) : a(std::move(rational)), b(std::move(root)) {}
  bool is_zero() const { return a.is_zero() && b.is_zero(); }
  bool is_rational() const { return b.is_zero(); }

  friend bool operator==(const Root& x, const Root& y) = default;
  friend Root operator+(const Root& x, const Root& y) { return y.is_zero() ? x : Root(x.a + y.a, x.b + y.b); }
  friend Root operator-(const Root& x, const Root& y) { return {x.a - y.a, x.b - y.b}; }
  friend Root operator*(const Root& x, const Root& y) {
    if (x.is_zero() || y.is_zero()) return 0;
    if (x.is_rational()) return {x.a * y.a, x.a * y.b};
    if (y.is_rational()) return {x.a * y.a, x.b * y.a};
    return {x.a * y.a + d * (x.b * y.b), x.a * y.b + x.b * y.a};
  }
  friend Root operator/(const Root& x, const Root& y) {
    if (y.is_rational()) return {x.a / y.a, x.b / y.a};
    // 1 / (a + b sqrt d) = (a - b sqrt d) / (a^2 - d b^2), and no rational a / b has square d.
    const Rational norm = y.a * y.a - d * (y.b * y.b);
    return x * Root(y.a / norm, (0 - y.b) / norm);
  }
  friend bool operator<(const Root& x, const Root& y) { return (y - x).is_positive(); }

 private:
  bool is_positive() const {
    const bool a_below = a < 0, b_below = b < 0;
    if (is_zero() || (a_below && b_below)) return false;
    if (!a_below && !b_below) return true;
    const Rational a2 = a * a, b2 = d * (b * b);
    return a_below ? a2 < b2 : b2 < a2;
  }
};

/// "1/2+3/4r2", "-3r5", "5/7".
template <int d>
std::string to_text(const Root<d>& x);
template <int d>
Root<d> parse_root(const std::string& text);

/// The double nearest to x, from 256 bits.
template <int d>
double nearest_double(const Root<d>& x);

/// Zeros cost nothing: most weights of a construction are zero.
template <int d>
struct Accumulator<Root<d>> {
  Root<d> value = 0;
  void add(const Root<d>& x) {
    if (!x.is_zero()) value = value + x;
  }
  void add_product(const Root<d>& x, const Root<d>& y) {
    if (!x.is_zero() && !y.is_zero()) value = value + x * y;
  }
};

template <int d>
struct FromDouble<Root<d>> {
  static Root<d> exact(double x) { return rational_from_double(x); }
  static Root<d> rounded(double x) { return rational_from_double(x); }
};
template <int d>
struct ToDouble<Root<d>> {
  static double rounded(const Root<d>& x) { return nearest_double(x); }
};

}  // namespace separatrix
