// v2  the same kernels, products by tensor cores: three tf32 products of split operands, fp32 sums, softmax in fp32.
//     floor of the arithmetic at B 32 T 1024 H 4 64 on an H200 (495 TFLOP/s tf32, three products for one), forward / backward:
//     104 / 260 us    predicted: less than half of v1's time    not measured
#include "kernels/attention/cuda_attention.h"
#include "kernels/cuda/operations.h"

namespace separatrix::SIMT {

AttentionVersion attention_v2() {
  return {"v2_tf32x3", 22, attention_kernels::attention_forward_by<Tf32x3Product>,
          attention_kernels::attention_backward_by<Tf32x3Product>};
}

const std::vector<AttentionVersion>& attention_versions() {
  static const std::vector<AttentionVersion> versions{attention_v1(), attention_v2()};
  return versions;
}

void attention_forward(Stream stream, const AttentionShape& s, Rows<const float> q, Rows<const float> k, Rows<const float> v,
                       Rows<float> out, float* lse) {
  attention_versions().front().forward(stream, s, q, k, v, out, lse);
}
void attention_backward(Stream stream, const AttentionShape& s, const AttentionSaved& saved, Rows<const float> dout, Rows<float> dq,
                        Rows<float> dk, Rows<float> dv) {
  attention_versions().front().backward(stream, s, saved, dout, dq, dk, dv);
}

}  // namespace separatrix::SIMT
