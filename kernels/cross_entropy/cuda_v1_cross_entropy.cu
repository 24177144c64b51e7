// Softmax cross-entropy on the GPU (equations: cross_entropy.h): one warp per row; the losses are added by one block in double.
// v1  not measured
#include "kernels/cuda/column_sums.h"

namespace separatrix::SIMT {
namespace {

__global__ void row_loss(std::ptrdiff_t rows, std::ptrdiff_t vocab, Rows<float> logits, const std::int32_t* targets,
                         const std::uint8_t* mask, float* losses, const StepNumbers* numbers) {
  const std::ptrdiff_t i = element() / warp_size;
  if (i >= rows) return;
  const int lane = threadIdx.x % warp_size;
  float* z = logits.row(i);
  if (!mask[i]) {
    for (std::ptrdiff_t j = lane; j < vocab; j += warp_size) z[j] = 0;
    if (lane == 0) losses[i] = 0;
    return;
  }
  float top = -INFINITY, sum = 0;
  for (std::ptrdiff_t j = lane; j < vocab; j += warp_size) top = fmaxf(top, z[j]);
  top = warp_max(top);
  for (std::ptrdiff_t j = lane; j < vocab; j += warp_size) sum += expf(z[j] - top);
  sum = warp_sum(sum);
  const float scale = numbers->loss_scale, of_target = z[targets[i]] - top;
  __syncwarp();
  for (std::ptrdiff_t j = lane; j < vocab; j += warp_size)
    z[j] = scale * (expf(z[j] - top) / sum - (j == targets[i] ? 1.0f : 0.0f));
  if (lane == 0) losses[i] = logf(sum) - of_target;
}

__global__ void add_losses(std::ptrdiff_t rows, const float* losses, StepNumbers* numbers) {
  double sum = 0;
  for (std::ptrdiff_t i = threadIdx.x; i < rows; i += blockDim.x) sum += losses[i];
  sum = block_sum(sum, reinterpret_cast<double*>(shared_memory()));
  if (threadIdx.x == 0) numbers->loss = sum * numbers->loss_scale;
}

__global__ void largest(std::ptrdiff_t rows, std::ptrdiff_t vocab, Rows<const float> logits, const std::uint8_t* mask,
                        std::int32_t* out) {
  const std::ptrdiff_t i = element();
  if (i >= rows) return;
  std::int32_t best = 0;
  for (std::ptrdiff_t j = 1; j < vocab; ++j)
    if (logits.row(i)[j] > logits.row(i)[best]) best = static_cast<std::int32_t>(j);
  out[i] = mask[i] ? best : -1;
}

}  // namespace

void cross_entropy(Stream stream, std::ptrdiff_t rows, std::ptrdiff_t vocab, Rows<float> logits, const std::int32_t* targets,
                   const std::uint8_t* mask, float* losses, StepNumbers* numbers) {
  launch_warps(stream, "cross_entropy", row_loss, rows, rows, vocab, logits, targets, mask, losses,
               static_cast<const StepNumbers*>(numbers));
  launch(stream, "cross_entropy_sum", add_losses, Dim3{1, 1, 1}, Dim3{512, 1, 1}, 16 * sizeof(double), rows,
         static_cast<const float*>(losses), numbers);
}

void argmax(Stream stream, std::ptrdiff_t rows, std::ptrdiff_t vocab, Rows<const float> logits, const std::uint8_t* mask,
            std::int32_t* out) {
  launch_elements(stream, "argmax", largest, rows, rows, vocab, logits, mask, out);
}

}  // namespace separatrix::SIMT
