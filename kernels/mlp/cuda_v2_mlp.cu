// Activations of an MLP on the GPU (equations: mlp.h), and copies of rows.    floor: bytes    not measured
// v1  one thread per element, two or four bytes each, which divides its number by the columns (64 bits)
// v2  16 bytes a thread, rows and columns are the grid's      default
#include "kernels/cuda/operations.h"
#include "kernels/cuda/packets.h"

namespace separatrix::SIMT {
namespace {

template <class T>
__global__ void swiglu(std::ptrdiff_t rows, int hidden, Rows<const T> gate_up, Rows<T> y) {
  using Part = Packet<T>;
  const auto [i, j] = packet_place(Part::size);
  const int count = hidden - j;
  if (i >= rows || count <= 0) return;
  const bool fits = count >= Part::size && rows_aligned(gate_up, 16) && rows_aligned(y, 16) && hidden % Part::size == 0;
  Part g, u;
  g.load(gate_up.row(i) + j, fits, count), u.load(gate_up.row(i) + hidden + j, fits, count);
#pragma unroll
  for (int e = 0; e < Part::size; ++e) g.x[e] = g.x[e] * sigmoid(g.x[e]) * u.x[e];
  g.store(y.row(i) + j, fits, count);
}

/// d may be gate_up.
template <class T>
__global__ void swiglu_gradient(std::ptrdiff_t rows, int hidden, Rows<const T> gate_up, Rows<const T> dy, Rows<T> d) {
  using Part = Packet<T>;
  const auto [i, j] = packet_place(Part::size);
  const int count = hidden - j;
  if (i >= rows || count <= 0) return;
  const bool fits = count >= Part::size && rows_aligned(gate_up, 16) && rows_aligned(dy, 16) && rows_aligned(d, 16) &&
                    hidden % Part::size == 0;
  Part g, u, out;
  g.load(gate_up.row(i) + j, fits, count), u.load(gate_up.row(i) + hidden + j, fits, count), out.load(dy.row(i) + j, fits, count);
#pragma unroll
  for (int e = 0; e < Part::size; ++e) {
    const float gate = g.x[e], s = sigmoid(gate);
    g.x[e] = out.x[e] * u.x[e] * s * fmaf(gate, 1.0f - s, 1.0f);
    u.x[e] = out.x[e] * gate * s;
  }
  g.store(d.row(i) + j, fits, count), u.store(d.row(i) + hidden + j, fits, count);
}

/// y = x where `up` is positive, else 0; up = x: ReLU.
template <class T>
__global__ void where_positive(std::ptrdiff_t rows, int cols, Rows<const T> up, Rows<const T> x, Rows<T> y) {
  using Part = Packet<T>;
  const auto [i, j] = packet_place(Part::size);
  const int count = cols - j;
  if (i >= rows || count <= 0) return;
  const bool fits = count >= Part::size && rows_aligned(up, 16) && rows_aligned(x, 16) && rows_aligned(y, 16);
  Part a, b;
  a.load(up.row(i) + j, fits, count), b.load(x.row(i) + j, fits, count);
#pragma unroll
  for (int e = 0; e < Part::size; ++e) b.x[e] = a.x[e] > 0 ? b.x[e] : 0.0f;
  b.store(y.row(i) + j, fits, count);
}

template <class T>
__global__ void copy(std::ptrdiff_t rows, int cols, Rows<const T> x, Rows<T> y) {
  using Part = Packet<T>;
  const auto [i, j] = packet_place(Part::size);
  const int count = cols - j;
  if (i >= rows || count <= 0) return;
  const bool fits = count >= Part::size && rows_aligned(x, 16) && rows_aligned(y, 16);
  Part a;
  a.load(x.row(i) + j, fits, count);
  a.store(y.row(i) + j, fits, count);
}

}  // namespace

template <class T>
void swiglu_forward(Stream stream, std::ptrdiff_t rows, std::ptrdiff_t hidden, In<T> gate_up, Rows<T> y) {
  launch_packets(stream, "swiglu_forward", swiglu<T>, rows, hidden, Packet<T>::size, rows, hidden, gate_up, y);
}
template <class T>
void swiglu_backward(Stream stream, std::ptrdiff_t rows, std::ptrdiff_t hidden, In<T> gate_up, In<T> dy, Rows<T> dgate_up) {
  launch_packets(stream, "swiglu_backward", swiglu_gradient<T>, rows, hidden, Packet<T>::size, rows, hidden, gate_up, dy, dgate_up);
}
template <class T>
void relu_forward(Stream stream, std::ptrdiff_t rows, std::ptrdiff_t hidden, In<T> up, Rows<T> y) {
  launch_packets(stream, "relu_forward", where_positive<T>, rows, hidden, Packet<T>::size, rows, hidden, up, up, y);
}
template <class T>
void relu_backward(Stream stream, std::ptrdiff_t rows, std::ptrdiff_t hidden, In<T> up, In<T> dy, Rows<T> dup) {
  launch_packets(stream, "relu_backward", where_positive<T>, rows, hidden, Packet<T>::size, rows, hidden, up, dy, dup);
}
template <class T>
void copy_rows(Stream stream, std::ptrdiff_t rows, std::ptrdiff_t cols, In<T> x, Rows<T> y) {
  launch_packets(stream, "copy_rows", copy<T>, rows, cols, Packet<T>::size, rows, cols, x, y);
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
