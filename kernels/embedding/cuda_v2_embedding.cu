// Rows of a table on the GPU (equations: embedding.h).  The gradient of a table row is a sum in a fixed order, so without atomic
// additions: every block (a word, 32 columns) reads all tokens, which is for vocabularies of some hundreds.
// Not measured.
//   v1  one thread per column went through all tokens: with 31 thousand of them and 22 words, some ten thousand loads one after the
//       other in the block of a frequent word
//   v2  32 warps share the tokens; a warp looks at 32 of them at once and has four loads under way
#include "kernels/cuda/operations.h"
#include "kernels/cuda/packets.h"

namespace separatrix::SIMT {
namespace {

__global__ void forward(std::ptrdiff_t count, int width, const std::int32_t* tokens, Rows<const float> table, Rows<float> x,
                        bool accumulate) {
  constexpr int size = Packet<float>::size;
  const auto [i, j] = packet_place(size);
  const int there = width - j;
  if (i >= count || there <= 0) return;
  const bool fits = there >= size && rows_aligned(table, 16) && rows_aligned(x, 16);
  Packet<float> part, before{};
  part.load(table.row(tokens[i]) + j, fits, there);
  if (accumulate) before.load(x.row(i) + j, fits, there);
#pragma unroll
  for (int e = 0; e < size; ++e) part.x[e] += before.x[e];
  part.store(x.row(i) + j, fits, there);
}

constexpr int parts = 32;  // warps of a block

/// Sum of dx[i][j] over the tokens of one warp that are `token`: 32 tokens at a time, every `parts`-th such run.
__device__ inline float sum_of_matches(std::ptrdiff_t count, const std::int32_t* tokens, std::int32_t token, Rows<const float> dx,
                                       std::ptrdiff_t j, bool inside) {
  const int part = threadIdx.x / warp_size, lane = threadIdx.x % warp_size;
  float sum = 0;
  for (std::ptrdiff_t first = part * warp_size; first < count; first += parts * warp_size) {
    const std::ptrdiff_t mine = first + lane;
    unsigned matches = __ballot_sync(0xffffffffu, mine < count && tokens[mine] == token);
    while (matches != 0) {
      float loaded[4];
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        loaded[k] = matches != 0 && inside ? dx.row(first + __ffs(static_cast<int>(matches)) - 1)[j] : 0.0f;
        matches &= matches - 1;  // 0 stays 0
      }
#pragma unroll
      for (int k = 0; k < 4; ++k) sum += loaded[k];
    }
  }
  return sum;
}

/// block 32 warps, grid (vocab, width / 32)
__global__ void __launch_bounds__(parts* warp_size)
    backward(std::ptrdiff_t count, std::ptrdiff_t width, const std::int32_t* tokens, Rows<const float> dx, float* dtable) {
  float* sums = shared_memory();  // (parts, 32)
  const std::ptrdiff_t j = static_cast<std::ptrdiff_t>(blockIdx.y) * warp_size + threadIdx.x % warp_size;
  const auto token = static_cast<std::int32_t>(blockIdx.x);
  sums[threadIdx.x] = sum_of_matches(count, tokens, token, dx, j, j < width);
  __syncthreads();
  if (threadIdx.x >= warp_size || j >= width) return;
  float sum = dtable[token * width + j];
  for (int p = 0; p < parts; ++p) sum += sums[p * warp_size + threadIdx.x];
  dtable[token * width + j] = sum;
}

}  // namespace

void embedding_forward(Stream stream, std::ptrdiff_t count, std::ptrdiff_t width, const std::int32_t* tokens, const float* table,
                       Rows<float> x, bool accumulate) {
  launch_packets(stream, "embedding_forward", forward, count, width, Packet<float>::size, count, width, tokens,
                 Rows<const float>{table, width}, x, accumulate);
}

void embedding_backward(Stream stream, std::ptrdiff_t count, std::ptrdiff_t vocab, std::ptrdiff_t width, const std::int32_t* tokens,
                        Rows<const float> dx, float* dtable) {
  const Dim3 grid{static_cast<unsigned>(vocab), static_cast<unsigned>(blocks_for(width, warp_size)), 1};
  launch(stream, "embedding_backward", backward, grid, Dim3{parts * warp_size, 1, 1}, sizeof(float) * parts * warp_size, count,
         width, tokens, dx, dtable);
}

}  // namespace separatrix::SIMT
