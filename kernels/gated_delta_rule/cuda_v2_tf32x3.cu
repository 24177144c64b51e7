// v2  the same kernels, products by tensor cores: three tf32 products of split operands, fp32 sums; states, keys and inverse keep
//     21 bits.   predicted: arithmetic at a third of the tf32 rate of mma.sync, so less than half of v1's time    not measured
#include "kernels/gated_delta_rule/cuda_launch.h"

namespace separatrix::SIMT {

template <class T>
DeltaVersion<T> delta_v2() {
  return version_by<T, Tf32x3Product, false>("v2_tf32x3", 22);
}
template DeltaVersion<float> delta_v2<float>();
template DeltaVersion<bf16> delta_v2<bf16>();

}  // namespace separatrix::SIMT
