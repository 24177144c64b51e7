// Hands each sequence to the kernel of the instruction set in force.
#include "kernels/short_conv/short_conv.h"

#include <omp.h>

#include <algorithm>

#include "kernels/isa.h"
#include "kernels/short_conv/sequence.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

std::ptrdiff_t taps_of(const ShortConvShape& s) {
  return s.width > 0 ? s.width : 1;
}
/// Rows of weights, sums and scratch: a vector of 16 may begin at any channel, for tiles are whole heads.
std::ptrdiff_t row_of(const ShortConvShape& s) {
  return row_stride<float>(std::ptrdiff_t{s.channels} + 15);
}

/// Of one thread, in the backward pass (sequence.h).
std::ptrdiff_t scratch_rows(const ShortConvShape& s) {
  return 2 * conv_block + taps_of(s) - 1;
}

void check(const ShortConvShape& s) {
  if (s.batch < 1 || s.length < 1 || s.channels < 1 || s.width < 0 || s.width > max_width)
    fail("short convolution: sizes must be positive and the width at most 16, got batch {}, length {}, channels {}, width {}",
         s.batch, s.length, s.channels, s.width);
  if (s.unit_dim < 0 || (s.unit_dim > 0 && s.channels % s.unit_dim != 0))
    fail("short convolution: unit_dim must divide the {} channels, got {}", s.channels, s.unit_dim);
}

/// (channels, width) -> (taps, row), zeros in the padding; ones where there is no convolution; then a row of zeros.
void lay_out(const ShortConvShape& s, const float* weight, float* to) {
  const std::ptrdiff_t row = row_of(s);
  for (std::ptrdiff_t j = 0; j < taps_of(s); ++j) {
    for (std::ptrdiff_t c = 0; c < s.channels; ++c) to[j * row + c] = s.width > 0 ? weight[c * s.width + j] : 1;
    for (std::ptrdiff_t c = s.channels; c < row; ++c) to[j * row + c] = 0;
  }
  std::fill_n(to + taps_of(s) * row, row, 0.0f);
}

}  // namespace

std::size_t short_conv_workspace_size(const ShortConvShape& s) {
  check(s);
  return row_of(s) * (1 + taps_of(s) * (1 + s.batch) + threads() * scratch_rows(s));
}

void short_conv_forward(const ShortConvShape& s, Rows<const float> x, const float* weight, Rows<float> y, float* workspace) {
  check(s);
  lay_out(s, weight, workspace);
  const auto kernel = for_isa(sse2::conv_kernels, avx2::conv_kernels, avx512::conv_kernels).forward;
#pragma omp parallel for schedule(static)
  for (int b = 0; b < s.batch; ++b) {
    const std::ptrdiff_t first = std::ptrdiff_t{b} * s.length;
    kernel({{s, taps_of(s), row_of(s), workspace, from_row(x, first), workspace + taps_of(s) * row_of(s)}, from_row(y, first)});
  }
}

void short_conv_backward(const ShortConvShape& s, Rows<const float> x, const float* weight, Rows<const float> d_y, Rows<float> d_x,
                         float* d_weight, float* workspace) {
  check(s);
  const std::ptrdiff_t taps = taps_of(s), row = row_of(s), block = taps * row;
  lay_out(s, weight, workspace);
  float *zeros = workspace + block, *sums = zeros + row, *scratch = sums + s.batch * block;
  const auto kernel = for_isa(sse2::conv_kernels, avx2::conv_kernels, avx512::conv_kernels).backward;
#pragma omp parallel for schedule(static)
  for (int b = 0; b < s.batch; ++b) {
    const std::ptrdiff_t first = std::ptrdiff_t{b} * s.length;
    kernel({{s, taps, row, workspace, from_row(x, first), zeros},
            from_row(d_y, first),
            from_row(d_x, first),
            sums + b * block,
            scratch + omp_get_thread_num() * scratch_rows(s) * row});
  }
  for (int b = 0; b < s.batch; ++b)
    for (std::ptrdiff_t c = 0; c < s.channels; ++c)
      for (std::ptrdiff_t j = 0; j < s.width; ++j) *d_weight++ = sums[b * block + j * row + c];
}

}  // namespace separatrix
