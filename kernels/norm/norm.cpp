#include "kernels/norm/norm.h"

#include <algorithm>
#include <vector>

#include "kernels/isa.h"
#include "kernels/norm/part.h"

namespace separatrix {
namespace {

const NormKernels& kernels() {
  return for_isa(sse2::norm_kernels, avx2::norm_kernels, avx512::norm_kernels);
}

}  // namespace

void rms_norm_forward(const NormShape& s, Rows<const float> x, const float* weight, Rows<float> y, float* rstd,
                      Rows<const float> add) {
  const NormKernels& k = kernels();
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < s.rows; ++i)
    for (std::ptrdiff_t g = 0; g < s.groups; ++g) {
      const std::ptrdiff_t at = g * s.width;
      rstd[i * s.groups + g] =
          k.forward(s.width, s.eps, x.row(i) + at, weight, y.row(i) + at, add.data ? add.row(i) + at : nullptr);
    }
}

void rms_norm_backward(const NormShape& s, Rows<const float> dy, Rows<const float> x, const float* weight, const float* rstd,
                       Rows<float> dx, float* dweight, bool accumulate) {
  // Each block of rows sums its own weight gradient; the blocks depend on the number of rows alone and are added in order.
  const std::ptrdiff_t block = std::max<std::ptrdiff_t>(32, (s.rows + 63) / 64), blocks = (s.rows + block - 1) / block;
  std::vector<float> partial(static_cast<std::size_t>(blocks * s.width), 0.0f);  // (blocks, width)
  const NormKernels& k = kernels();
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t b = 0; b < blocks; ++b)
    for (std::ptrdiff_t i = b * block; i < std::min(s.rows, (b + 1) * block); ++i)
      for (std::ptrdiff_t g = 0; g < s.groups; ++g) {
        const std::ptrdiff_t at = g * s.width;
        k.backward(s.width, rstd[i * s.groups + g], dy.row(i) + at, x.row(i) + at, weight, dx.row(i) + at,
                   partial.data() + b * s.width, accumulate);
      }
  for (std::ptrdiff_t j = 0; j < s.width; ++j) {
    double total = 0;
    for (std::ptrdiff_t b = 0; b < blocks; ++b) total += partial[static_cast<std::size_t>(b * s.width + j)];
    dweight[j] += static_cast<float>(total);
  }
}

}  // namespace separatrix
