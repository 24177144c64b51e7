// v3  for bf16 outside: products by three bf16 tensor-core products of split operands (16 bits: keys are never rounded to bf16, the
//     reciprocal norm is folded in before the split), and scans that copy the next chunk (cp.async) while they compute.
//     floors on an H200 (4.3 TB/s, 790 TFLOP/s; three products for one), forward / backward in us:
//       B 32 T 1024 H 4 64/64: bytes 16 / 28, arithmetic 30 / 78;  B 1 T 8192 H 30 96/192: bytes 66 / 111, arithmetic 171 / 459
//     predicted: half of v2's arithmetic; the scans no longer wait for memory    not measured
#include "kernels/gated_delta_rule/cuda_launch.h"

namespace separatrix::SIMT {

DeltaVersion<bf16> delta_v3() {
  return version_by<bf16, Bf16x3Product, true>("v3_bf16x3", 16);
}

}  // namespace separatrix::SIMT
