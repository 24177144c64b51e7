#include "kernels/adamw/adamw.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/adamw/update.h"
#include "kernels/isa.h"

namespace separatrix {
namespace {

constexpr std::ptrdiff_t block = 8192;

const AdamWKernels& kernels() {
  return for_isa(sse2::adamw_kernels, avx2::adamw_kernels, avx512::adamw_kernels);
}

}  // namespace

double gradient_norm(std::ptrdiff_t n, const float* gradient) {
  const std::ptrdiff_t blocks = (n + block - 1) / block;
  std::vector<double> squares(static_cast<std::size_t>(blocks));
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t b = 0; b < blocks; ++b)
    squares[static_cast<std::size_t>(b)] = kernels().squares(std::min(block, n - b * block), gradient + b * block);
  double total = 0;
  for (const double s : squares) total += s;
  return std::sqrt(total);
}

double clip_factor(double norm, double most) {
  return std::min(1.0, most / (norm + 1e-6));
}

void adamw_step(const AdamW& a, std::int64_t step, std::ptrdiff_t n, const float* gradient, double gradient_factor, float* m,
                float* v, float* weights) {
  const double t = static_cast<double>(step);
  const AdamWStep s{static_cast<float>(a.beta1),
                    static_cast<float>(1 - a.beta1),
                    static_cast<float>(a.beta2),
                    static_cast<float>(1 - a.beta2),
                    static_cast<float>(a.eps),
                    static_cast<float>(1 - a.lr * a.weight_decay),
                    static_cast<float>(a.lr / (1 - std::pow(a.beta1, t))),
                    static_cast<float>(1 / std::sqrt(1 - std::pow(a.beta2, t))),
                    static_cast<float>(gradient_factor)};
  const std::ptrdiff_t blocks = (n + block - 1) / block;
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t b = 0; b < blocks; ++b) {
    const std::ptrdiff_t at = b * block;
    kernels().update(s, std::min(block, n - at), gradient + at, m + at, v + at, weights + at);
  }
}

}  // namespace separatrix
