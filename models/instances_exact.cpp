#include "models/instances.h"

namespace separatrix {

template class Model<Rational>;
template class Model<RootTwo>;
template class Model<RootFive>;

}  // namespace separatrix
