#include "kernels/mlp/mlp.h"

#include "kernels/isa.h"
#include "kernels/matmul/bf16.h"
#include "kernels/mlp/row.h"
#include "kernels/workspace.h"

namespace separatrix {
namespace {

const ActivationKernels& kernels() {
  return for_isa(sse2::activation_kernels, avx2::activation_kernels, avx512::activation_kernels);
}

/// row(i, to) writes row i.
template <class Row>
void each_row(std::ptrdiff_t rows, Rows<float> y, const Row& row) {
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < rows; ++i) row(i, y.row(i));
}

/// Floats live for one row only, in the first-level cache.
template <class Row>
void each_row_rounded(std::ptrdiff_t rows, std::ptrdiff_t cols, std::uint16_t* y, const Row& row) {
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < rows; ++i) {
    float* floats = thread_workspace(cols);
    row(i, floats);
    to_bf16(cols, floats, y + i * cols);
  }
}

auto swiglu(std::ptrdiff_t hidden, Rows<const float> gate_up) {
  return [=, row = kernels().swiglu_forward](std::ptrdiff_t i, float* to) { row(hidden, gate_up.row(i), to); };
}
auto swiglu_slope(std::ptrdiff_t hidden, Rows<const float> gate_up, Rows<const float> dy) {
  return [=, row = kernels().swiglu_backward](std::ptrdiff_t i, float* to) { row(hidden, gate_up.row(i), dy.row(i), to); };
}
auto relu(std::ptrdiff_t hidden, Rows<const float> up) {
  return [=, row = kernels().relu_forward](std::ptrdiff_t i, float* to) { row(hidden, up.row(i), to); };
}
auto relu_slope(std::ptrdiff_t hidden, Rows<const float> up, Rows<const float> dy) {
  return [=, row = kernels().relu_backward](std::ptrdiff_t i, float* to) { row(hidden, up.row(i), dy.row(i), to); };
}

}  // namespace

void swiglu_forward(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> gate_up, Rows<float> y) {
  each_row(rows, y, swiglu(hidden, gate_up));
}
void swiglu_forward(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> gate_up, std::uint16_t* y) {
  each_row_rounded(rows, hidden, y, swiglu(hidden, gate_up));
}

void swiglu_backward(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> gate_up, Rows<const float> dy,
                     Rows<float> dgate_up) {
  each_row(rows, dgate_up, swiglu_slope(hidden, gate_up, dy));
}
void swiglu_backward(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> gate_up, Rows<const float> dy,
                     std::uint16_t* dgate_up) {
  each_row_rounded(rows, 2 * hidden, dgate_up, swiglu_slope(hidden, gate_up, dy));
}

void relu_forward(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> up, Rows<float> y) {
  each_row(rows, y, relu(hidden, up));
}
void relu_forward(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> up, std::uint16_t* y) {
  each_row_rounded(rows, hidden, y, relu(hidden, up));
}

void relu_backward(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> up, Rows<const float> dy, Rows<float> dup) {
  each_row(rows, dup, relu_slope(hidden, up, dy));
}
void relu_backward(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> up, Rows<const float> dy, std::uint16_t* dup) {
  each_row_rounded(rows, hidden, dup, relu_slope(hidden, up, dy));
}

}  // namespace separatrix
