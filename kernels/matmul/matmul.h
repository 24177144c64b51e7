// Matrix products by oneDNN, and the three products of a linear layer y = x W^T.
//
// fp32 goes through dnnl_sgemm (any stride, any instruction set, nothing to prepare), bf16 through its matmul primitive, whose
// preparation costs milliseconds and is therefore kept per shape.  Sums are fp32 in both.  Results are the same from run to run
// for a fixed number of threads.  notes.md has the figures behind the choice.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/executor.h"
#include "kernels/rows.h"

namespace separatrix {

/// auto | fp32 | bf16.  auto is bf16 where that is the faster (bf16_is_faster), else fp32; asking for bf16 where it is not native
/// throws Error (it would be emulated, slower than fp32).
Precision resolve_precision(const std::string& word);
/// Throws Error when the precision is not native here.
void require_precision(Precision precision);
/// fp32 | bf16
std::string precision_name(Precision precision);

/// A matrix (rows, cols) as the products read it: the caller's floats (fp32), or a bf16 copy of them, rounded to nearest even.
/// Load once, use in several products: weights once per step, an activation once for forward and backward.
class Operand {
 public:
  /// In fp32 nothing is copied: x must stay alive and unchanged as long as the operand is used.
  void load(std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const float> x, Precision precision);
  /// Room for the bf16 numbers of a matrix whose maker rounds them itself (mlp.h).  Throws Error where bf16 is not native.
  std::uint16_t* make_bf16(std::ptrdiff_t rows, std::ptrdiff_t cols);
  std::ptrdiff_t rows() const { return rows_; }
  std::ptrdiff_t cols() const { return cols_; }
  Precision precision() const { return precision_; }
  Rows<const float> floats() const { return floats_; }
  const std::uint16_t* bf16() const { return bf16_.data(); }  // rows without gaps

 private:
  std::ptrdiff_t rows_ = 0, cols_ = 0;
  Precision precision_ = Precision::fp32;
  Rows<const float> floats_;
  std::vector<std::uint16_t> bf16_;
};

/// C (m, n) = A B, or C += A B with `accumulate`; A is a or its transpose, (m, k); B is b or its transpose, (k, n).
/// Throws Error when the inner sizes or the precisions differ.
void matmul(const Operand& a, bool transpose_a, const Operand& b, bool transpose_b, Rows<float> c, bool accumulate = false);

/// y (n, out) = x (n, in) W^T, W (out, in)
void linear_forward(const Operand& x, const Operand& weight, Rows<float> y);
/// dx (n, in) = dy (n, out) W, or +=
void linear_backward_input(const Operand& dy, const Operand& weight, Rows<float> dx, bool accumulate = false);
/// dW (out, in) = dy^T x, or += (the default: several uses of one weight add up)
void linear_backward_weight(const Operand& dy, const Operand& x, Rows<float> dweight, bool accumulate = true);

}  // namespace separatrix
