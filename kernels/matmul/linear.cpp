#include "kernels/matmul/linear.h"

#include <algorithm>
#include <utility>

#include "kernels/isa.h"
#include "kernels/matmul/bf16.h"
#include "kernels/parallel.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

/// to (cols, rows) = from^T
void transpose(std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const float> from, Rows<float> to) {
  constexpr std::ptrdiff_t tile = 16;  // floats in a cache line: of both sides, every line is touched once
  in_parallel((cols + tile - 1) / tile, [&](std::ptrdiff_t strip) {
    const std::ptrdiff_t first = strip * tile, end = std::min(first + tile, cols);
    for (std::ptrdiff_t row = 0; row < rows; row += tile)
      for (std::ptrdiff_t j = first; j < end; ++j)
        for (std::ptrdiff_t i = row; i < std::min(row + tile, rows); ++i) to.row(j)[i] = from.row(i)[j];
  });
}

}  // namespace

void LinearWeight::load(std::ptrdiff_t out, std::ptrdiff_t in, Rows<const float> w, Precision precision) {
  require_precision(precision);
  weight_ = {out, in, Precision::fp32, w, {}};
  precision_ = precision;
  forward_.done = backward_.done = false;
}

void LinearWeight::order_forward() {
  if (std::exchange(forward_.done, true)) return;
  const std::ptrdiff_t out = weight_.rows, in = weight_.cols, stride = row_stride<float>(out);
  if (precision_ == Precision::bf16) return pack_bf16(in, out, weight_.floats, true, forward_.bf16);
  forward_.floats.resize(static_cast<std::size_t>(in * stride));
  transpose(out, in, weight_.floats, {forward_.floats.data(), stride});
}

void LinearWeight::order_backward() {
  if (std::exchange(backward_.done, true)) return;
  const std::ptrdiff_t out = weight_.rows, in = weight_.cols, stride = row_stride<float>(in);
  if (precision_ == Precision::bf16) return pack_bf16(out, in, weight_.floats, false, backward_.bf16);
  backward_.floats.resize(static_cast<std::size_t>(out * stride));
  for (std::ptrdiff_t i = 0; i < out; ++i) std::copy_n(weight_.floats.row(i), in, backward_.floats.data() + i * stride);
}

void LinearWeight::product(const Factor& x, const Ordered& ordered, bool transpose, Rows<float> y, bool accumulate) const {
  const std::ptrdiff_t n = transpose ? weight_.rows : weight_.cols, k = transpose ? weight_.cols : weight_.rows;
  if (x.cols != k) fail("linear layer: its input has {} columns, wanted {}", x.cols, k);
  if (x.precision != precision_)
    fail("linear layer: its input is {}, its weights {}", precision_name(x.precision), precision_name(precision_));
  if (precision_ == Precision::bf16 && !ordered.done) fail("linear layer: its bf16 weights are not laid out for this product");
  if (!ordered.done) return matmul(x, false, weight_, transpose, y, accumulate);
  matmul(x, false, {k, n, precision_, {ordered.floats.data(), row_stride<float>(n)}, {ordered.bf16.data(), 0}}, false, y,
         accumulate);
}

void linear_backward_weight(const Factor& dy, const Factor& x, Rows<float> dweight, bool accumulate) {
  constexpr std::ptrdiff_t fewest = 64;  // rows of dW per thread: with fewer, what it reads of x and dy outweighs what it computes
  const std::ptrdiff_t parts = std::clamp<std::ptrdiff_t>(dy.cols / fewest, 1, threads());
  const std::ptrdiff_t rows = (dy.cols + parts * 16 - 1) / (parts * 16) * 16;
  in_parallel((dy.cols + rows - 1) / rows, [&](std::ptrdiff_t i) {
    const std::ptrdiff_t first = i * rows;
    matmul(dy.part_cols(first, std::min(rows, dy.cols - first)), true, x, false, {dweight.row(first), dweight.stride}, accumulate);
  });
}

}  // namespace separatrix
