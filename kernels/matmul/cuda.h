// Matrix products on the GPU by cuBLASLt: fp32 operands (fp32 arithmetic), or both bf16; sums and results fp32.
// In emulation they go to the CPU's product.
#pragma once
#include <cstddef>

#include "kernels/cuda/runtime.h"
#include "kernels/rows.h"

namespace separatrix::SIMT {

struct bf16;

/// A matrix (rows, cols) in device memory: one of the two pointers is there; bf16 rows have no gaps.
struct DeviceOperand {
  std::ptrdiff_t rows = 0, cols = 0;
  Rows<const float> floats;
  const bf16* rounded = nullptr;
};

class Products {
 public:
  Products();
  ~Products();
  Products(const Products&) = delete;
  Products& operator=(const Products&) = delete;
  /// C (m, n) = A B, or +=; A is a or its transpose, B is b or its transpose.  The algorithm of a shape is asked once and kept.
  void run(Stream stream, const DeviceOperand& a, bool transpose_a, const DeviceOperand& b, bool transpose_b, Rows<float> c,
           bool accumulate = false);

 private:
  struct State;
  State* state_;
};

}  // namespace separatrix::SIMT
