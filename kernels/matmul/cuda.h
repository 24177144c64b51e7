// Matrix products on the GPU by cuBLASLt: fp32 operands (fp32 arithmetic), or both bf16; sums fp32, results fp32 or rounded to
// bf16. In emulation they go to the CPU's product.
#pragma once
#include <cstddef>
#include <type_traits>

#include "kernels/cuda/runtime.h"
#include "kernels/rows.h"

namespace separatrix::SIMT {

struct bf16;

/// A matrix (rows, cols) in device memory: one of the two is there.
struct DeviceOperand {
  std::ptrdiff_t rows = 0, cols = 0;
  Rows<const float> floats;
  Rows<const bf16> rounded;

  bool is_bf16() const { return rounded.data != nullptr; }
  std::ptrdiff_t stride() const { return is_bf16() ? rounded.stride : floats.stride; }
  const void* data() const { return is_bf16() ? static_cast<const void*>(rounded.data) : floats.data; }
};

inline DeviceOperand operand_of(std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const float> x) {
  return {rows, cols, x, {}};
}
inline DeviceOperand operand_of(std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const bf16> x) {
  return {rows, cols, {}, x};
}

class Products {
 public:
  Products();
  ~Products();
  Products(const Products&) = delete;
  Products& operator=(const Products&) = delete;
  /// C (m, n) = A B + add; A is a or its transpose, B is b or its transpose; T is float, or bf16 where the operands are; add.data
  /// null: nothing, and it may be c.  The algorithm of a shape is asked once and kept.
  template <class T>
  void run(Stream stream, const DeviceOperand& a, bool transpose_a, const DeviceOperand& b, bool transpose_b, Rows<T> c,
           Rows<const std::type_identity_t<T>> add = {});

 private:
  struct State;
  State* state_;
};

}  // namespace separatrix::SIMT
