// v1  products by fp32 multiply-adds; predicted far from the tensor cores' rate: the plain one    not measured
#include "kernels/attention/cuda_attention.h"

namespace separatrix::SIMT {

AttentionVersion attention_v1() {
  return {"v1_fma", 24, attention_kernels::attention_forward_by<FmaProduct>, attention_kernels::attention_backward_by<FmaProduct>};
}

}  // namespace separatrix::SIMT
