// Rows of a table on the GPU (equations: embedding.h).  The gradient of a table row is summed by one thread per column, in the
// order of the tokens, so without atomic additions.    v1  every block reads all tokens: for small vocabularies    not measured
#include "kernels/cuda/column_sums.h"

namespace separatrix::SIMT {
namespace {

__global__ void forward(std::ptrdiff_t count, std::ptrdiff_t width, const std::int32_t* tokens, const float* table, Rows<float> x,
                        bool accumulate) {
  const std::ptrdiff_t i = element() / width, j = element() % width;
  if (i >= count) return;
  const float from = table[tokens[i] * width + j];
  x.row(i)[j] = accumulate ? x.row(i)[j] + from : from;
}

/// grid (vocab, width / 128)
__global__ void backward(std::ptrdiff_t count, std::ptrdiff_t width, const std::int32_t* tokens, Rows<const float> dx,
                         float* dtable) {
  const std::ptrdiff_t j = static_cast<std::ptrdiff_t>(blockIdx.y) * blockDim.x + threadIdx.x;
  const auto token = static_cast<std::int32_t>(blockIdx.x);
  if (j >= width) return;
  float sum = dtable[token * width + j];
  for (std::ptrdiff_t i = 0; i < count; ++i)
    if (tokens[i] == token) sum += dx.row(i)[j];
  dtable[token * width + j] = sum;
}

}  // namespace

void embedding_forward(Stream stream, std::ptrdiff_t count, std::ptrdiff_t width, const std::int32_t* tokens, const float* table,
                       Rows<float> x, bool accumulate) {
  launch_elements(stream, "embedding_forward", forward, count * width, count, width, tokens, table, x, accumulate);
}

void embedding_backward(Stream stream, std::ptrdiff_t count, std::ptrdiff_t vocab, std::ptrdiff_t width, const std::int32_t* tokens,
                        Rows<const float> dx, float* dtable) {
  const Dim3 grid{static_cast<unsigned>(vocab), static_cast<unsigned>(blocks_for(width, 128)), 1};
  launch(stream, "embedding_backward", backward, grid, Dim3{128, 1, 1}, std::size_t{0}, count, width, tokens, dx, dtable);
}

}  // namespace separatrix::SIMT
