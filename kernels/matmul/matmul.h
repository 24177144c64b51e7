// Matrix products by oneDNN.
//
// fp32 goes through dnnl_sgemm (any stride, any instruction set, nothing to prepare), bf16 through its matmul primitive, whose
// preparation costs milliseconds and is therefore kept per shape.  Sums are fp32 in both.  Results are the same from run to run
// for a fixed number of threads.  notes.md has the figures behind the choice.
#pragma once
#include <cstdint>
#include <string>

#include "kernels/aligned.h"
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

/// A matrix (rows, cols) as the products read it, in somebody else's memory: floats, or bf16 numbers.
struct Factor {
  std::ptrdiff_t rows = 0, cols = 0;
  Precision precision = Precision::fp32;
  Rows<const float> floats;
  Rows<const std::uint16_t> bf16;  // stride 0: in oneDNN's own order (pack_bf16), for a second factor as it stands

  Factor part_rows(std::ptrdiff_t first, std::ptrdiff_t count) const;
  Factor part_cols(std::ptrdiff_t first, std::ptrdiff_t count) const;
};

/// What a Factor is made of: the caller's floats (fp32), or a bf16 copy of them, rounded to nearest even.
/// Load once, use in several products: an activation once for forward and backward.
class Operand {
 public:
  /// In fp32 nothing is copied: x must stay alive and unchanged as long as the operand is used.
  void load(std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const float> x, Precision precision);
  /// The same in parts: announces the matrix; then its rows are rounded as they come (that does nothing in fp32,
  /// nor where they come rounded).
  void start(std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const float> x, Precision precision);
  void round(std::ptrdiff_t first, std::ptrdiff_t count);
  /// Room for the bf16 numbers of a matrix whose maker rounds them itself (mlp.h).  Throws Error where bf16 is not native.
  std::uint16_t* make_bf16(std::ptrdiff_t rows, std::ptrdiff_t cols);
  std::uint16_t* bf16_row(std::ptrdiff_t i) { return bf16_.data() + i * cols_; }
  Factor factor() const { return {rows_, cols_, precision_, floats_, {bf16_.data(), cols_}}; }

 private:
  std::ptrdiff_t rows_ = 0, cols_ = 0;
  Precision precision_ = Precision::fp32;
  Rows<const float> floats_;
  AlignedVector<std::uint16_t> bf16_;  // rows without gaps
};

/// C (m, n) = A B, or C += A B with `accumulate`; A is a or its transpose, (m, k); B is b or its transpose, (k, n).
/// In a parallel region it runs on the calling thread.  Throws Error when the inner sizes or the precisions differ.
void matmul(const Factor& a, bool transpose_a, const Factor& b, bool transpose_b, Rows<float> c, bool accumulate = false);

}  // namespace separatrix
