// A number as a construction writes it into its weights: of Q(sqrt 2) or of Q(sqrt 5).  It is only kept, compared and
// converted; models compute over one of the fields.
#pragma once
#include "models/numbers/root_five.h"
#include "models/numbers/root_two.h"

namespace separatrix {

/// a + b sqrt d, d = 2 or 5; d = 2 when b = 0, so that equal numbers have equal parts.
struct Exact {
  Rational a, b;
  int d = 2;
  Exact(int x = 0) : a(x) {}
  Exact(Rational x) : a(std::move(x)) {}
  template <int radicand>
  Exact(const Root<radicand>& x) : a(x.a), b(x.b), d(x.is_rational() ? 2 : radicand) {}
  bool is_rational() const { return b.is_zero(); }
  friend bool operator==(const Exact& x, const Exact& y) = default;
};

std::string to_text(const Exact& x);
Exact parse_exact(const std::string& text);

/// The double nearest to x, from 256 bits.
double nearest_double(const Exact& x);

}  // namespace separatrix
