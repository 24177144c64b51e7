// Gates of the gated delta rule: a handful of numbers per token, so plain scalar code.
#include "kernels/gated_delta_rule/gates.h"

#include <cmath>
#include <limits>

#include "tasks/error.h"

namespace separatrix {
namespace {

float sigmoid(float x) {
  return 1 / (1 + std::exp(-x));
}

/// log(1 + e^x), without overflow for large x.
float softplus(float x) {
  return std::fmax(x, 0.0f) + std::log1p(std::exp(-std::fabs(x)));
}

/// Smallest direct gate.
float smallest(Rows<const float> a, std::ptrdiff_t rows, int heads) {
  float least = std::numeric_limits<float>::infinity();
  for (std::ptrdiff_t i = 0; i < rows; ++i)
    for (int h = 0; h < heads; ++h) least = std::fmin(least, a.row(i)[h]);
  return least;
}

}  // namespace

void delta_gates_forward(const DeltaGatesShape& s, Rows<const float> a, Rows<const float> b, const float* a_log,
                         const float* dt_bias, Rows<float> g, Rows<float> beta) {
  const std::ptrdiff_t rows = std::ptrdiff_t{s.batch} * s.length;
  const float m = s.neg_eigval ? 2 : 1;
  if (!s.sigmoid) {
    const float least = smallest(a, rows, s.heads);
    if (least < 0) fail("gated delta rule: this device needs direct gates >= 0, got {}; run with --device reference", least);
  }
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < rows; ++i) {
    for (int h = 0; h < s.heads; ++h) {
      g.row(i)[h] = s.sigmoid ? -std::exp(a_log[h]) * softplus(a.row(i)[h] + dt_bias[h]) : std::log(a.row(i)[h]);
      beta.row(i)[h] = m * (s.sigmoid ? sigmoid(b.row(i)[h]) : b.row(i)[h]);
    }
  }
}

void delta_gates_backward(const DeltaGatesShape& s, Rows<const float> a, Rows<const float> b, const float* a_log,
                          const float* dt_bias, Rows<const float> d_g, Rows<const float> d_beta, Rows<float> d_a, Rows<float> d_b,
                          double* d_a_log, double* d_dt_bias) {
  const std::ptrdiff_t rows = std::ptrdiff_t{s.batch} * s.length;
  const float m = s.neg_eigval ? 2 : 1;
  if (!s.sigmoid && smallest(a, rows, s.heads) <= 0)
    fail("gated delta rule: this device has no gradient for a direct gate of 0; run with --device reference");
#pragma omp parallel for schedule(static)
  for (int each = 0; each < s.batch * s.heads; ++each) {
    const int h = each % s.heads;
    const std::ptrdiff_t first = std::ptrdiff_t{each / s.heads} * s.length;
    double sum_a_log = 0, sum_dt_bias = 0;
    const float rate = s.sigmoid ? std::exp(a_log[h]) : 0;
    for (std::ptrdiff_t i = first; i < first + s.length; ++i) {
      const float dg = d_g.row(i)[h], db = d_beta.row(i)[h];
      if (!s.sigmoid) {
        d_a.row(i)[h] = dg / a.row(i)[h];
        d_b.row(i)[h] = m * db;
        continue;
      }
      const float x = a.row(i)[h] + dt_bias[h], open = sigmoid(b.row(i)[h]), da = -dg * rate * sigmoid(x);
      sum_a_log += -dg * rate * softplus(x);
      sum_dt_bias += da;
      d_a.row(i)[h] = da;
      d_b.row(i)[h] = m * db * open * (1 - open);
    }
    if (s.sigmoid) d_a_log[each] = sum_a_log, d_dt_bias[each] = sum_dt_bias;
  }
}

}  // namespace separatrix
