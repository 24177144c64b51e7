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
    for (std::ptrdiff_t j = 0; j < x.cols; ++j) values.push_back(x.is_bf16() ? to_float(x.rounded.row(i)[j]) : x.floats.row(i)[j]);
  return values;
}

}  // namespace

struct Products::State {};
Products::Products() : state_(nullptr) {}
Products::~Products() = default;

template <class T>
void Products::run(Stream stream, const DeviceOperand& a, bool transpose_a, const DeviceOperand& b, bool transpose_b, Rows<T> c,
                   Rows<const std::type_identity_t<T>> add) {
  submit(stream, [=] {
    const std::vector<float> left = values_of(a), right = values_of(b);
    const std::ptrdiff_t m = transpose_a ? a.cols : a.rows, n = transpose_b ? b.rows : b.cols;
    std::vector<float> sums(static_cast<std::size_t>(m * n));
    Operand x, y;
    x.load(a.rows, a.cols, {left.data(), a.cols}, Precision::fp32);
    y.load(b.rows, b.cols, {right.data(), b.cols}, Precision::fp32);
    matmul(x.factor(), transpose_a, y.factor(), transpose_b, {sums.data(), n}, false);
    for (std::ptrdiff_t i = 0; i < m; ++i)
      for (std::ptrdiff_t j = 0; j < n; ++j)
        c.row(i)[j] = from_float<T>(sums[i * n + j] + (add.data ? to_float(add.row(i)[j]) : 0.0f));
  });
}

template void Products::run(Stream, const DeviceOperand&, bool, const DeviceOperand&, bool, Rows<float>, Rows<const float>);
template void Products::run(Stream, const DeviceOperand&, bool, const DeviceOperand&, bool, Rows<bf16>, Rows<const bf16>);

}  // namespace separatrix::emulated
