// Arithmetic, order and text of a + b sqrt 2.
#include "models/numbers/root_two.h"

#include "models/numbers/big_float.h"
#include "tasks/error.h"

namespace separatrix {

RootTwo operator+(const RootTwo& x, const RootTwo& y) {
  if (y.is_zero()) return x;
  return {x.a + y.a, x.b + y.b};
}
RootTwo operator-(const RootTwo& x, const RootTwo& y) {
  return {x.a - y.a, x.b - y.b};
}
RootTwo operator*(const RootTwo& x, const RootTwo& y) {
  if (x.is_zero() || y.is_zero()) return 0;
  if (x.is_rational()) return {x.a * y.a, x.a * y.b};
  if (y.is_rational()) return {x.a * y.a, x.b * y.a};
  return {x.a * y.a + 2 * (x.b * y.b), x.a * y.b + x.b * y.a};
}
RootTwo operator/(const RootTwo& x, const RootTwo& y) {
  if (y.is_rational()) return {x.a / y.a, x.b / y.a};
  // 1 / (c + d sqrt 2) = (c - d sqrt 2) / (c^2 - 2 d^2), and no rational c / d has square 2.
  const Rational norm = y.a * y.a - 2 * (y.b * y.b);
  return x * RootTwo(y.a / norm, (0 - y.b) / norm);
}

bool operator<(const RootTwo& x, const RootTwo& y) {
  const Rational a = y.a - x.a, b = y.b - x.b;  // is a + b sqrt 2 > 0?
  const bool a_below = a < 0, b_below = b < 0;
  if (a.is_zero() && b.is_zero()) return false;
  if (!a_below && !b_below) return true;
  if (a_below && b_below) return false;
  const Rational a2 = a * a, b2 = 2 * (b * b);
  return a_below ? a2 < b2 : b2 < a2;
}

std::string to_text(const RootTwo& x) {
  if (x.is_rational()) return to_text(x.a);
  const std::string root = to_text(x.b) + "r2";
  if (x.a.is_zero()) return root;
  return to_text(x.a) + (root[0] == '-' ? "" : "+") + root;
}

RootTwo parse_root_two(const std::string& text) {
  if (!text.ends_with("r2")) return parse_rational(text);
  const std::string body = text.substr(0, text.size() - 2);
  const std::size_t sign = body.find_last_of("+-");
  if (sign == std::string::npos || sign == 0) return {0, parse_rational(body)};
  return {parse_rational(body.substr(0, sign)), parse_rational(body.substr(body[sign] == '+' ? sign + 1 : sign))};
}

double nearest_double(const RootTwo& x) {
  if (x.is_rational()) return nearest_double(x.a);
  return static_cast<double>(big_float<256>(x));
}

}  // namespace separatrix
