// Activations of an MLP on the GPU (equations: mlp.h): one thread per element.    v1    floor: bytes    not measured
#include "kernels/cuda/column_sums.h"

namespace separatrix::SIMT {
namespace {

struct Place {
  std::ptrdiff_t row, column;
};
__device__ inline Place place(std::ptrdiff_t columns) {
  return {element() / columns, element() % columns};
}

__global__ void swiglu(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> gate_up, Rows<float> y) {
  const auto [i, j] = place(hidden);
  if (i >= rows) return;
  const float g = gate_up.row(i)[j], u = gate_up.row(i)[hidden + j];
  y.row(i)[j] = g * sigmoid(g) * u;
}

__global__ void swiglu_gradient(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> gate_up, Rows<const float> dy,
                                Rows<float> d) {
  const auto [i, j] = place(hidden);
  if (i >= rows) return;
  const float g = gate_up.row(i)[j], u = gate_up.row(i)[hidden + j], s = sigmoid(g), dout = dy.row(i)[j];
  d.row(i)[j] = dout * u * s * fmaf(g, 1.0f - s, 1.0f);
  d.row(i)[hidden + j] = dout * g * s;
}

__global__ void relu(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> up, Rows<float> y) {
  const auto [i, j] = place(hidden);
  if (i < rows) y.row(i)[j] = up.row(i)[j] > 0 ? up.row(i)[j] : 0.0f;
}

__global__ void relu_gradient(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> up, Rows<const float> dy,
                              Rows<float> d) {
  const auto [i, j] = place(hidden);
  if (i < rows) d.row(i)[j] = up.row(i)[j] > 0 ? dy.row(i)[j] : 0.0f;
}

__global__ void copy(std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const float> x, Rows<float> y) {
  const auto [i, j] = place(cols);
  if (i < rows) y.row(i)[j] = x.row(i)[j];
}

}  // namespace

void swiglu_forward(Stream stream, std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> gate_up, Rows<float> y) {
  launch_elements(stream, "swiglu_forward", swiglu, rows * hidden, rows, hidden, gate_up, y);
}
void swiglu_backward(Stream stream, std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> gate_up, Rows<const float> dy,
                     Rows<float> dgate_up) {
  launch_elements(stream, "swiglu_backward", swiglu_gradient, rows * hidden, rows, hidden, gate_up, dy, dgate_up);
}
void relu_forward(Stream stream, std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> up, Rows<float> y) {
  launch_elements(stream, "relu_forward", relu, rows * hidden, rows, hidden, up, y);
}
void relu_backward(Stream stream, std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> up, Rows<const float> dy,
                   Rows<float> dup) {
  launch_elements(stream, "relu_backward", relu_gradient, rows * hidden, rows, hidden, up, dy, dup);
}
void copy_rows(Stream stream, std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const float> x, Rows<float> y) {
  launch_elements(stream, "copy_rows", copy, rows * cols, rows, cols, x, y);
}

}  // namespace separatrix::SIMT
