// v2  the same kernels, products by tensor cores: three tf32 products of split operands, fp32 sums, softmax in fp32.
//     floor of the arithmetic at B 32 T 1024 H 4 64 on an H200 (495 TFLOP/s tf32, three products for one), forward / backward:
//     104 / 260 us    predicted: less than half of v1's time    not measured
#include "kernels/attention/cuda_attention.h"

namespace separatrix::SIMT {

AttentionVersion<float> attention_v2() {
  return {"v2_tf32x3", 22, attention_kernels::attention_forward_by<float, Tf32x3Product>,
          attention_kernels::attention_backward_by<float, Tf32x3Product>};
}

}  // namespace separatrix::SIMT
