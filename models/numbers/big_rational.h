// The Boost number behind a Rational that outgrew 64 bits.
#pragma once
#include <boost/multiprecision/cpp_int.hpp>

#include "models/numbers/rational.h"

namespace separatrix {

struct Rational::Big {
  boost::multiprecision::number<boost::multiprecision::cpp_rational_backend, boost::multiprecision::et_off> value;
};

}  // namespace separatrix
