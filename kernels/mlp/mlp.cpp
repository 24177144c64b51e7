#include "kernels/mlp/mlp.h"

#include "kernels/isa.h"
#include "kernels/mlp/row.h"

namespace separatrix {
namespace {

const ActivationKernels& kernels() {
  return for_isa(sse2::activation_kernels, avx2::activation_kernels, avx512::activation_kernels);
}

}  // namespace

void swiglu_forward(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> gate_up, Rows<float> y) {
  const auto row = kernels().swiglu_forward;
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < rows; ++i) row(hidden, gate_up.row(i), y.row(i));
}

void swiglu_backward(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> gate_up, Rows<const float> dy,
                     Rows<float> dgate_up) {
  const auto row = kernels().swiglu_backward;
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < rows; ++i) row(hidden, gate_up.row(i), dy.row(i), dgate_up.row(i));
}

void relu_forward(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> up, Rows<float> y) {
  const auto row = kernels().relu_forward;
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < rows; ++i) row(hidden, up.row(i), y.row(i));
}

void relu_backward(std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> up, Rows<const float> dy, Rows<float> dup) {
  const auto row = kernels().relu_backward;
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < rows; ++i) row(hidden, up.row(i), dy.row(i), dup.row(i));
}

}  // namespace separatrix
