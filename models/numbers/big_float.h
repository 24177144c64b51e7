// Floating point of any fixed number of bits: Boost's cpp_bin_float with base 2, round to nearest even.
#pragma once
#include <boost/multiprecision/cpp_bin_float.hpp>

#include "models/numbers/big_rational.h"
#include "models/numbers/exact.h"

namespace separatrix {

template <unsigned bits>
using BigFloat = boost::multiprecision::number<boost::multiprecision::cpp_bin_float<bits, boost::multiprecision::digit_base_2>,
                                               boost::multiprecision::et_off>;

/// x to `bits` bits: numerator over denominator.
template <unsigned bits>
BigFloat<bits> big_float(const Rational& x) {
  const Rational::Big big = x.big();
  return BigFloat<bits>(boost::multiprecision::numerator(big.value)) /
         BigFloat<bits>(boost::multiprecision::denominator(big.value));
}

/// a + b sqrt d, from twice the bits.
template <unsigned bits>
BigFloat<bits> big_float(const Exact& x) {
  using Wide = BigFloat<2 * bits>;
  return BigFloat<bits>(big_float<2 * bits>(x.a) + big_float<2 * bits>(x.b) * sqrt(Wide(x.d)));
}

}  // namespace separatrix
