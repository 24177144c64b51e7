// The model over the numbers that several files run it on, compiled once (instances_*.cpp).
// build.
#pragma once
#include "models/model.h"
#include "models/numbers/log_float.h"
#include "models/numbers/root_five.h"
#include "models/numbers/root_two.h"

namespace separatrix {

extern template class Model<float>;
extern template class Model<double>;
extern template class Model<LogFloat>;
extern template class Model<Rational>;
extern template class Model<RootTwo>;
extern template class Model<RootFive>;

}  // namespace separatrix
