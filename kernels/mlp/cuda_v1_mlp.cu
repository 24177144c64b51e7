// Activations of an MLP on the GPU (equations: mlp.h): one thread per element.    v1    floor: bytes    not measured
#include "kernels/cuda/bf16.h"
#include "kernels/cuda/column_sums.h"

namespace separatrix::SIMT {
namespace {

struct Place {
  std::ptrdiff_t row, column;
};
__device__ inline Place place(std::ptrdiff_t columns) {
  return {element() / columns, element() % columns};
}

template <class T>
__global__ void swiglu(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const T> gate_up, Rows<T> y) {
  const auto [i, j] = place(hidden);
  if (i >= rows) return;
  const float g = to_float(gate_up.row(i)[j]), u = to_float(gate_up.row(i)[hidden + j]);
  y.row(i)[j] = from_float<T>(g * sigmoid(g) * u);
}

template <class T>
__global__ void swiglu_gradient(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const T> gate_up, Rows<const T> dy, Rows<T> d) {
  const auto [i, j] = place(hidden);
  if (i >= rows) return;
  const float g = to_float(gate_up.row(i)[j]), u = to_float(gate_up.row(i)[hidden + j]), s = sigmoid(g);
  const float dout = to_float(dy.row(i)[j]);
  d.row(i)[j] = from_float<T>(dout * u * s * fmaf(g, 1.0f - s, 1.0f));
  d.row(i)[hidden + j] = from_float<T>(dout * g * s);
}

template <class T>
__global__ void relu(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const T> up, Rows<T> y) {
  const auto [i, j] = place(hidden);
  if (i < rows) y.row(i)[j] = to_float(up.row(i)[j]) > 0 ? up.row(i)[j] : from_float<T>(0);
}

template <class T>
__global__ void relu_gradient(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const T> up, Rows<const T> dy, Rows<T> d) {
  const auto [i, j] = place(hidden);
  if (i < rows) d.row(i)[j] = to_float(up.row(i)[j]) > 0 ? dy.row(i)[j] : from_float<T>(0);
}

template <class T>
__global__ void copy(std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const T> x, Rows<T> y) {
  const auto [i, j] = place(cols);
  if (i < rows) y.row(i)[j] = x.row(i)[j];
}

}  // namespace

template <class T>
void swiglu_forward(Stream stream, std::ptrdiff_t rows, std::ptrdiff_t hidden, In<T> gate_up, Rows<T> y) {
  launch_elements(stream, "swiglu_forward", swiglu<T>, rows * hidden, rows, hidden, gate_up, y);
}
template <class T>
void swiglu_backward(Stream stream, std::ptrdiff_t rows, std::ptrdiff_t hidden, In<T> gate_up, In<T> dy, Rows<T> dgate_up) {
  launch_elements(stream, "swiglu_backward", swiglu_gradient<T>, rows * hidden, rows, hidden, gate_up, dy, dgate_up);
}
template <class T>
void relu_forward(Stream stream, std::ptrdiff_t rows, std::ptrdiff_t hidden, In<T> up, Rows<T> y) {
  launch_elements(stream, "relu_forward", relu<T>, rows * hidden, rows, hidden, up, y);
}
template <class T>
void relu_backward(Stream stream, std::ptrdiff_t rows, std::ptrdiff_t hidden, In<T> up, In<T> dy, Rows<T> dup) {
  launch_elements(stream, "relu_backward", relu_gradient<T>, rows * hidden, rows, hidden, up, dy, dup);
}
template <class T>
void copy_rows(Stream stream, std::ptrdiff_t rows, std::ptrdiff_t cols, In<T> x, Rows<T> y) {
  launch_elements(stream, "copy_rows", copy<T>, rows * cols, rows, cols, x, y);
}

template void swiglu_forward(Stream, std::ptrdiff_t, std::ptrdiff_t, In<float>, Rows<float>);
template void swiglu_backward(Stream, std::ptrdiff_t, std::ptrdiff_t, In<float>, In<float>, Rows<float>);
template void relu_forward(Stream, std::ptrdiff_t, std::ptrdiff_t, In<float>, Rows<float>);
template void relu_backward(Stream, std::ptrdiff_t, std::ptrdiff_t, In<float>, In<float>, Rows<float>);
template void copy_rows(Stream, std::ptrdiff_t, std::ptrdiff_t, In<float>, Rows<float>);
template void swiglu_forward(Stream, std::ptrdiff_t, std::ptrdiff_t, In<bf16>, Rows<bf16>);
template void swiglu_backward(Stream, std::ptrdiff_t, std::ptrdiff_t, In<bf16>, In<bf16>, Rows<bf16>);
template void relu_forward(Stream, std::ptrdiff_t, std::ptrdiff_t, In<bf16>, Rows<bf16>);
template void relu_backward(Stream, std::ptrdiff_t, std::ptrdiff_t, In<bf16>, In<bf16>, Rows<bf16>);
template void copy_rows(Stream, std::ptrdiff_t, std::ptrdiff_t, In<bf16>, Rows<bf16>);

}  // namespace separatrix::SIMT
