// AdamW with clipping on the GPU (equations: adamw.h), its numbers in device memory.    v1    floor: bytes    not measured
#include "kernels/cuda/column_sums.h"

namespace separatrix::SIMT {
namespace {

constexpr int threads = 256;

__global__ void squares(std::ptrdiff_t n, const float* gradient, double* partial) {
  double sum = 0;
  for (std::ptrdiff_t i = element(); i < n; i += static_cast<std::ptrdiff_t>(gridDim.x) * blockDim.x)
    sum += static_cast<double>(gradient[i]) * gradient[i];
  sum = block_sum(sum, reinterpret_cast<double*>(shared_memory()));
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

/// One warp: norm, clipping factor, and whether there is an update at all.
__global__ void decide(const double* partial, StepNumbers* numbers) {
  double sum = 0;
  for (int b = threadIdx.x; b < norm_blocks; b += warp_size) sum += partial[b];
  sum = warp_sum(sum);
  if (threadIdx.x > 0) return;
  const double norm = sqrt(sum), short_enough = numbers->clip / (norm + 1e-6);
  numbers->gradient_norm = norm;
  numbers->gradient_factor = numbers->clip > 0 && short_enough < 1 ? static_cast<float>(short_enough) : 1.0f;
  numbers->updated = isfinite(norm) && isfinite(numbers->loss) && numbers->loss <= numbers->loss_limit;
}

__global__ void update(std::ptrdiff_t n, const float* gradient, const std::uint8_t* decayed, float* m, float* v, float* weights,
                       const StepNumbers* numbers) {
  const StepNumbers& s = *numbers;
  const std::ptrdiff_t i = element();
  if (i >= n || !s.updated) return;
  const float g = gradient[i] * s.gradient_factor;
  const float first = fmaf(g, s.one_minus_beta1, m[i] * s.beta1), second = fmaf(g * g, s.one_minus_beta2, v[i] * s.beta2);
  const float change = first * s.rate / fmaf(sqrtf(second), s.root, s.eps), keep = decayed[i] ? 1.0f - s.lr_times_decay : 1.0f;
  m[i] = first, v[i] = second;
  weights[i] = weights[i] * keep - change;
}

}  // namespace

void adamw(Stream stream, std::ptrdiff_t n, const float* gradient, const std::uint8_t* decayed, float* m, float* v, float* weights,
           double* scratch, StepNumbers* numbers) {
  launch(stream, "gradient_squares", squares, Dim3{norm_blocks, 1, 1}, Dim3{threads, 1, 1}, threads / warp_size * sizeof(double), n,
         gradient, scratch);
  launch(stream, "gradient_norm", decide, Dim3{1, 1, 1}, Dim3{warp_size, 1, 1}, std::size_t{0}, static_cast<const double*>(scratch),
         numbers);
  launch_elements(stream, "adamw", update, n, n, gradient, decayed, m, v, weights, static_cast<const StepNumbers*>(numbers));
}

}  // namespace separatrix::SIMT
