// Text and rounding of a + b sqrt d.
#include "models/numbers/root.h"

#include "models/numbers/big_float.h"
#include "models/numbers/exact.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

std::string ending(int d) {
  return fmt::format("r{}", d);
}

std::string text_of(const Rational& a, const Rational& b, int d) {
  if (b.is_zero()) return to_text(a);
  const std::string root = to_text(b) + ending(d);
  if (a.is_zero()) return root;
  return to_text(a) + (root[0] == '-' ? "" : "+") + root;
}

}  // namespace

template <int d>
std::string to_text(const Root<d>& x) {
  return text_of(x.a, x.b, d);
}

template <int d>
Root<d> parse_root(const std::string& text) {
  if (!text.ends_with(ending(d))) return parse_rational(text);
  const std::string body = text.substr(0, text.size() - ending(d).size());
  const std::size_t sign = body.find_last_of("+-");
  if (sign == std::string::npos || sign == 0) return {0, parse_rational(body)};
  return {parse_rational(body.substr(0, sign)), parse_rational(body.substr(body[sign] == '+' ? sign + 1 : sign))};
}

template <int d>
double nearest_double(const Root<d>& x) {
  if (x.is_rational()) return nearest_double(x.a);
  return static_cast<double>(big_float<256>(x));
}

template std::string to_text(const Root<2>&);
template std::string to_text(const Root<5>&);
template Root<2> parse_root<2>(const std::string&);
template Root<5> parse_root<5>(const std::string&);
template double nearest_double(const Root<2>&);
template double nearest_double(const Root<5>&);

std::string to_text(const Exact& x) {
  return text_of(x.a, x.b, x.d);
}

Exact parse_exact(const std::string& text) {
  if (text.ends_with(ending(5))) return parse_root<5>(text);
  return parse_root<2>(text);
}

double nearest_double(const Exact& x) {
  return x.d == 5 ? nearest_double(Root<5>(x.a, x.b)) : nearest_double(Root<2>(x.a, x.b));
}

}  // namespace separatrix
