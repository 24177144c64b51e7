// Products of the emulated device: by the CPU, in fp32; bf16 operands are exact there.
#include "kernels/cuda/bf16.h"
#include "kernels/cuda/simt.h"
#include "kernels/matmul/cuda.h"
#include "kernels/matmul/matmul.h"

namespace separatrix::emulated {
namespace {

std::vector<float> values_of(const DeviceOperand& x) {
  std::vector<float> values;
  for (std::ptrdiff_t i = 0; i < x.rows; ++i)
    for (std::ptrdiff_t j = 0; j < x.cols; ++j)
      values.push_back(x.rounded ? to_float(x.rounded[i * x.cols + j]) : x.floats.row(i)[j]);
  return values;
}

}  // namespace

struct Products::State {};
Products::Products() : state_(nullptr) {}
Products::~Products() = default;

void Products::run(Stream stream, const DeviceOperand& a, bool transpose_a, const DeviceOperand& b, bool transpose_b, Rows<float> c,
                   bool accumulate) {
  submit(stream, [=] {
    const std::vector<float> left = values_of(a), right = values_of(b);
    Operand x, y;
    x.load(a.rows, a.cols, {left.data(), a.cols}, Precision::fp32);
    y.load(b.rows, b.cols, {right.data(), b.cols}, Precision::fp32);
    matmul(x, transpose_a, y, transpose_b, c, accumulate);
  });
}

}  // namespace separatrix::emulated
