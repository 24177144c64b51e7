// Sums over the rows of something computed on the way, for gradients of weights that every row shares:
//   out_j = or += sum_i f(i, j)
// Rows are cut into 64 stripes, each summed by one block, then the stripes in order: the result depends on the number of rows
// alone.
#pragma once
#include "kernels/cuda/operations.h"
#include "kernels/cuda/simt.h"

namespace separatrix::SIMT {

constexpr int stripes = 64, stripe_rows = 8;
/// Blocks of a kernel that goes through all rows and leaves one row of sums each: this many where there is work for them, so that
/// the result depends on the number of rows alone.
constexpr int most_partials = 512;

/// block (32, 8), grid (columns / 32, stripes); F: struct with float operator()(row, column) on the device.
template <class F>
__global__ void __launch_bounds__(warp_size* stripe_rows)
    sum_stripes(std::ptrdiff_t rows, std::ptrdiff_t columns, F f, float* partial) {
  float* sums = shared_memory();  // (stripe_rows, 32)
  const std::ptrdiff_t column = static_cast<std::ptrdiff_t>(blockIdx.x) * warp_size + threadIdx.x % warp_size;
  const int part = threadIdx.x / warp_size;
  const std::ptrdiff_t per_stripe = (rows + stripes - 1) / stripes, first = blockIdx.y * per_stripe;
  const std::ptrdiff_t last = first + per_stripe < rows ? first + per_stripe : rows;
  float sum = 0;
  if (column < columns)
    for (std::ptrdiff_t i = first + part; i < last; i += stripe_rows) sum += f(i, column);
  sums[threadIdx.x] = sum;
  __syncthreads();
  if (part > 0 || column >= columns) return;
  for (int p = 1; p < stripe_rows; ++p) sum += sums[p * warp_size + threadIdx.x];
  partial[blockIdx.y * columns + column] = sum;
}

__global__ static void add_stripes(std::ptrdiff_t columns, const float* partial, float* out, bool accumulate) {
  const std::ptrdiff_t column = static_cast<std::ptrdiff_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (column >= columns) return;
  float sum = accumulate ? out[column] : 0.0f;
  for (int s = 0; s < stripes; ++s) sum += partial[s * columns + column];
  out[column] = sum;
}

/// out_j = or += the sum of `count` rows (count, columns) without gaps; block (32, 32).
__global__ static void __launch_bounds__(1024)
    sum_partials(std::ptrdiff_t count, std::ptrdiff_t columns, const float* partial, float* out, bool accumulate) {
  float* sums = shared_memory();  // (32, 32)
  const std::ptrdiff_t column = static_cast<std::ptrdiff_t>(blockIdx.x) * warp_size + threadIdx.x;
  float sum = 0;
  if (column < columns)
    for (std::ptrdiff_t i = threadIdx.y; i < count; i += warp_size) sum += partial[i * columns + column];
  sums[threadIdx.y * warp_size + threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y > 0 || column >= columns) return;
  for (int p = 1; p < warp_size; ++p) sum += sums[p * warp_size + threadIdx.x];
  out[column] = accumulate ? out[column] + sum : sum;
}
/// Sums that the blocks of a kernel have left, one row each.
inline void add_partials(Stream stream, const char* name, std::ptrdiff_t count, std::ptrdiff_t columns, const float* partial,
                         float* out, bool accumulate) {
  launch(stream, name, sum_partials, Dim3{static_cast<unsigned>(blocks_for(columns, warp_size)), 1, 1},
         Dim3{warp_size, warp_size, 1}, sizeof(float) * warp_size * warp_size, count, columns, partial, out, accumulate);
}

/// Columns 2 lane + 64 m and the next one are a lane's, in a block (32, warps).
__device__ inline int column_of(int m) {
  return 2 * static_cast<int>(threadIdx.x) + 2 * warp_size * m;
}
/// What the warps of such a block have summed up, to the block's row of partial (blocks, width); shared memory (warps, width).
template <int pairs>
__device__ void leave_sums(const float (&of_lane)[pairs][2], int width, float* partial) {
  float* sums = shared_memory();
#pragma unroll
  for (int m = 0; m < pairs; ++m)
    for (int e = 0; e < 2; ++e)
      if (column_of(m) + e < width) sums[static_cast<int>(threadIdx.y) * width + column_of(m) + e] = of_lane[m][e];
  __syncthreads();
  for (int j = static_cast<int>(threadIdx.y * warp_size + threadIdx.x); j < width; j += static_cast<int>(warp_size * blockDim.y)) {
    float sum = 0;
    for (int w = 0; w < static_cast<int>(blockDim.y); ++w) sum += sums[w * width + j];
    partial[static_cast<std::ptrdiff_t>(blockIdx.x) * width + j] = sum;
  }
}

template <class F>
void column_sums(Stream stream, const char* name, std::ptrdiff_t rows, std::ptrdiff_t columns, F f, float* out, bool accumulate,
                 float* partial) {
  launch(stream, name, sum_stripes<F>, Dim3{static_cast<unsigned>(blocks_for(columns, warp_size)), stripes, 1},
         Dim3{warp_size * stripe_rows, 1, 1}, sizeof(float) * warp_size * stripe_rows, rows, columns, f, partial);
  launch(stream, name, add_stripes, Dim3{static_cast<unsigned>(blocks_for(columns, 128)), 1, 1}, Dim3{128, 1, 1}, std::size_t{0},
         columns, partial, out, accumulate);
}

/// One thread per element of (rows, cols), 128 to a block; needs rows * cols < 2^38.
template <class... P, class... A>
void launch_elements(Stream stream, const char* name, void (*kernel)(P...), std::ptrdiff_t elements, A... arguments) {
  launch(stream, name, kernel, Dim3{static_cast<unsigned>(blocks_for(elements, 128)), 1, 1}, Dim3{128, 1, 1}, std::size_t{0},
         arguments...);
}
__device__ inline std::ptrdiff_t element() {
  return static_cast<std::ptrdiff_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
/// One warp per part, four to a block.
template <class... P, class... A>
void launch_warps(Stream stream, const char* name, void (*kernel)(P...), std::ptrdiff_t warps, A... arguments) {
  launch_elements(stream, name, kernel, warps * warp_size, arguments...);
}

}  // namespace separatrix::SIMT
