// v1  products by fp32 multiply-adds; predicted far from the tensor cores' rate: the plain one    not measured
#include "kernels/attention/cuda_attention.h"

namespace separatrix::SIMT {

template <class T>
AttentionVersion<T> attention_v1() {
  return {"v1_fma", 24, attention_kernels::attention_forward_by<T, FmaProduct>,
          attention_kernels::attention_backward_by<T, FmaProduct>};
}

template AttentionVersion<float> attention_v1();
template AttentionVersion<bf16> attention_v1();

}  // namespace separatrix::SIMT
