// Hands each sequence to the kernel of the instruction set in force.
#include "kernels/gated_delta_rule/output.h"

#include <algorithm>

#include "kernels/gated_delta_rule/output_sequence.h"
#include "kernels/isa.h"

namespace separatrix {
namespace {

std::ptrdiff_t row_of(const DeltaOutputShape& s) {
  return (std::ptrdiff_t{s.value_dim} + 15) / 16 * 16;
}

}  // namespace

std::size_t delta_output_workspace_size(const DeltaOutputShape& s) {
  return row_of(s) * s.batch;
}

void delta_output_forward(const DeltaOutputShape& s, Rows<const float> o, const float* weight, Rows<const float> z, Rows<float> y) {
  const auto kernel = for_isa(sse2::output_kernels, avx2::output_kernels, avx512::output_kernels).forward;
#pragma omp parallel for schedule(static)
  for (int b = 0; b < s.batch; ++b) {
    const std::ptrdiff_t first = std::ptrdiff_t{b} * s.length;
    kernel({s, from_row(o, first), from_row(z, first), weight, from_row(y, first)});
  }
}

void delta_output_backward(const DeltaOutputShape& s, Rows<const float> o, const float* weight, Rows<const float> z,
                           Rows<const float> d_y, Rows<float> d_o, float* d_weight, Rows<float> d_z, float* workspace) {
  const auto kernel = for_isa(sse2::output_kernels, avx2::output_kernels, avx512::output_kernels).backward;
  const std::ptrdiff_t row = row_of(s);
#pragma omp parallel for schedule(static)
  for (int b = 0; b < s.batch; ++b) {
    const std::ptrdiff_t first = std::ptrdiff_t{b} * s.length;
    kernel({s, from_row(o, first), from_row(z, first), weight, from_row(d_y, first), from_row(d_o, first), from_row(d_z, first),
            workspace + b * row});
  }
  for (int b = 0; s.norm && b < s.batch; ++b) std::copy_n(workspace + b * row, s.value_dim, d_weight + b * s.value_dim);
}

}  // namespace separatrix
