#include "kernels/attention/rope.h"

#include <cmath>

#include "kernels/attention/turn.h"
#include "kernels/isa.h"

namespace separatrix {
namespace {

void turn_all(const AttentionShape& s, const std::vector<float>& table, float sign, Rows<float> x) {
  const Turn turn = for_isa(sse2::turn, avx2::turn, avx512::turn);
  const std::ptrdiff_t half = s.head_dim / 2;
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < s.batch * s.length; ++i) {
    const float* cos = table.data() + i % s.length * 2 * half;
    turn(s.heads, s.head_dim, cos, cos + half, sign, x.row(i));
  }
}

}  // namespace

std::vector<float> rope_table(std::ptrdiff_t length, std::ptrdiff_t head_dim, double theta) {
  const std::ptrdiff_t half = head_dim / 2;
  std::vector<float> table(static_cast<std::size_t>(length * 2 * half));
  for (std::ptrdiff_t t = 0; t < length; ++t)
    for (std::ptrdiff_t i = 0; i < half; ++i) {
      const double angle = static_cast<double>(t) * std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(head_dim));
      table[static_cast<std::size_t>(t * 2 * half + i)] = static_cast<float>(std::cos(angle));
      table[static_cast<std::size_t>((t * 2 + 1) * half + i)] = static_cast<float>(std::sin(angle));
    }
  return table;
}

void rope_forward(const AttentionShape& shape, const std::vector<float>& table, Rows<float> x) {
  turn_all(shape, table, 1, x);
}

void rope_backward(const AttentionShape& shape, const std::vector<float>& table, Rows<float> dx) {
  turn_all(shape, table, -1, dx);
}

}  // namespace separatrix
