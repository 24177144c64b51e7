#include "models/instances.h"

namespace separatrix {

template class Model<float>;
template class Model<double>;
template class Model<LogFloat>;

}  // namespace separatrix
