#include "kernels/matmul/matmul.h"

#include <dnnl.h>

#include <algorithm>
#include <atomic>
#include <chrono>

#include "kernels/isa.h"
#include "kernels/matmul/bf16.h"
#include "kernels/matmul/clock.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

using Clock = std::chrono::steady_clock;

std::atomic<Clock::rep> product_ticks = 0;

/// A product in a parallel region keeps one core busy, any other one all of them.
struct Timed {
  const Clock::time_point begin = Clock::now();
  ~Timed() { product_ticks += (Clock::now() - begin).count() * threads(); }
};

void matmul_fp32(std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, Rows<const float> a, bool transpose_a, Rows<const float> b,
                 bool transpose_b, Rows<float> c, bool accumulate) {
  isa();  // before oneDNN's first use: it limits oneDNN to the set in force
  const dnnl_status_t status = dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, 1.0f, a.data, a.stride, b.data,
                                          b.stride, accumulate ? 1.0f : 0.0f, c.data, c.stride);
  if (status != dnnl_success) fail("oneDNN refused a product of size ({}, {}, {}): status {}", m, n, k, static_cast<int>(status));
}

}  // namespace

double product_core_seconds() {
  return std::chrono::duration<double>(Clock::duration(product_ticks)).count();
}

std::string precision_name(Precision precision) {
  return precision == Precision::fp32 ? "fp32" : "bf16";
}

void require_precision(Precision precision) {
  if (precision == Precision::bf16 && isa() != Isa::avx512_bf16)
    fail("precision bf16: needs a CPU with AVX512_BF16, the instruction set in force is {}; use auto or fp32", isa_name(isa()));
}

Precision resolve_precision(const std::string& word) {
  if (word == "fp32") return Precision::fp32;
  if (word == "auto") return bf16_is_faster() ? Precision::bf16 : Precision::fp32;
  if (word != "bf16") fail("precision '{}': no such precision; known: auto, fp32, bf16", word);
  require_precision(Precision::bf16);
  return Precision::bf16;
}

Factor Factor::part_rows(std::ptrdiff_t first, std::ptrdiff_t count) const {
  return {count, cols, precision, from_row(floats, first), from_row(bf16, first)};
}

Factor Factor::part_cols(std::ptrdiff_t first, std::ptrdiff_t count) const {
  if (precision == Precision::fp32) return {rows, count, precision, {floats.data + first, floats.stride}, {}};
  return {rows, count, precision, {}, {bf16.data + first, bf16.stride}};
}

void Operand::load(std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const float> x, Precision precision) {
  start(rows, cols, x, precision);
  round(0, rows);
}

void Operand::start(std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const float> x, Precision precision) {
  if (precision == Precision::bf16) make_bf16(rows, cols);
  rows_ = rows, cols_ = cols, precision_ = precision, floats_ = x;
}

void Operand::round(std::ptrdiff_t first, std::ptrdiff_t count) {
  if (precision_ == Precision::bf16 && floats_.data) to_bf16(count, cols_, {floats_.row(first), floats_.stride}, bf16_row(first));
}

std::uint16_t* Operand::make_bf16(std::ptrdiff_t rows, std::ptrdiff_t cols) {
  require_precision(Precision::bf16);
  rows_ = rows, cols_ = cols, precision_ = Precision::bf16, floats_ = {};
  bf16_.resize(static_cast<std::size_t>(rows * cols));
  return bf16_.data();
}

void matmul(const Factor& a, bool transpose_a, const Factor& b, bool transpose_b, Rows<float> c, bool accumulate) {
  const std::ptrdiff_t m = transpose_a ? a.cols : a.rows, n = transpose_b ? b.rows : b.cols;
  const std::ptrdiff_t k = transpose_a ? a.rows : a.cols, inner_b = transpose_b ? b.cols : b.rows;
  if (k != inner_b) fail("matmul: inner sizes {} and {} differ", k, inner_b);
  if (a.precision != b.precision)
    fail("matmul: one operand is {}, the other {}", precision_name(a.precision), precision_name(b.precision));
  const Timed timed;
  if (m == 0 || n == 0 || (k == 0 && accumulate)) return;
  if (k == 0) {
    for (std::ptrdiff_t i = 0; i < m; ++i) std::fill_n(c.row(i), n, 0.0f);
  } else if (a.precision == Precision::fp32) {
    matmul_fp32(m, n, k, a.floats, transpose_a, b.floats, transpose_b, c, accumulate);
  } else {
    matmul_bf16({m, n, k, a.bf16.stride, b.bf16.stride, c.stride, transpose_a, transpose_b, accumulate, 0}, a.bf16.data,
                b.bf16.data, c.data);
  }
}

}  // namespace separatrix
