// v1  chunks of 64, products by fp32 multiply-adds from shared memory    not measured    the plain one, on any shape
#include "kernels/gated_delta_rule/cuda_launch.h"

namespace separatrix::SIMT {

template <class T>
DeltaVersion<T> delta_v1() {
  return version_by<T, FmaProduct, false>("v1_fma", 24);
}
template DeltaVersion<float> delta_v1<float>();
template DeltaVersion<bf16> delta_v1<bf16>();

}  // namespace separatrix::SIMT
