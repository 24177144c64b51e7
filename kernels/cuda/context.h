// What the sublayers of a model on the GPU share: the queue, the products, where the weights are, and memory that grows when a
// larger batch comes.
#pragma once
#include <algorithm>
#include <vector>

#include "kernels/cpu/sublayer.h"
#include "kernels/cuda/bf16.h"
#include "kernels/cuda/operations.h"
#include "kernels/matmul/cuda.h"

namespace separatrix::SIMT {

struct DeviceContext;

/// Device memory of a sublayer.
template <class T>
class DeviceBuffer {
 public:
  T* reserve(DeviceContext& context, std::size_t size);
  /// As a matrix (rows, cols); rows begin at multiples of 8 elements, which fast products and copies want.
  Rows<T> rows(DeviceContext& context, std::ptrdiff_t rows, std::ptrdiff_t cols) {
    stride_ = (cols + 7) / 8 * 8;
    return {reserve(context, static_cast<std::size_t>(rows * stride_)), stride_};
  }
  /// The matrix that rows() gave last.
  Rows<T> rows() const { return {array_.data(), stride_}; }
  T* data() const { return array_.data(); }

 private:
  DeviceArray<T> array_;
  std::ptrdiff_t stride_ = 0;
};

/// A matrix of the weights as the operand of a product, rounded once a pass.
struct RoundedWeight {
  std::size_t offset;
  std::ptrdiff_t rows, cols;
  DeviceBuffer<bf16> memory;
};

struct DeviceContext {
  explicit DeviceContext(Precision p) : precision(p) {}
  Precision precision;
  StreamOwner queue;
  Products products;
  const float* weights = nullptr;  // of this pass, in the order of the layout
  float* gradient = nullptr;
  std::int64_t moves = 0;  // how often memory has moved: recorded graphs from before are void
  /// The gradient of the residual stream as the operand of a product: whoever writes it is done with what was there.
  DeviceBuffer<bf16> rounded_gradient;
  std::vector<RoundedWeight*> rounded_weights;  // all there are, in bf16
  Stream stream() const { return queue.stream(); }
};

template <class T>
T* DeviceBuffer<T>::reserve(DeviceContext& context, std::size_t size) {
  if (array_.reserve(size)) ++context.moves;
  return array_.data();
}

/// The operands of all weights, before a pass; nothing in fp32.
inline void round_weights(DeviceContext& context) {
  std::vector<Rounding> all;
  for (RoundedWeight* w : context.rounded_weights) {
    const Rows<bf16> y = w->memory.rows(context, w->rows, w->cols);
    all.push_back({{context.weights + w->offset, w->cols}, y, static_cast<int>(w->rows), static_cast<int>(w->cols)});
  }
  for (std::size_t first = 0; first < all.size(); first += most_roundings)
    round_matrices(context.stream(), all.data() + first,
                   static_cast<int>(std::min<std::size_t>(all.size() - first, most_roundings)));
}

/// A mixer or an MLP: y = f(x) + add (nothing where it is null) for a whole batch, and its gradient (kernels/cpu/sublayer.h).  Only
/// queues work.
class DeviceSublayer {
 public:
  virtual ~DeviceSublayer() = default;
  virtual void forward(const BatchShape& shape, const DeviceOperand& x, Rows<float> y, Rows<const float> add) = 0;
  virtual void backward(const BatchShape& shape, const DeviceOperand& dy, Rows<float> dx, bool accumulate) = 0;
};

/// An RMSNorm whose result is an operand of a product: written as bf16 where the product wants that.
class DeviceNormed {
 public:
  DeviceOperand forward(DeviceContext& context, const NormShape& s, Rows<const float> x, const float* weight) {
    rstd_.reserve(context, static_cast<std::size_t>(s.rows));
    return context.precision == Precision::bf16 ? into(context, s, x, weight, rounded_) : into(context, s, x, weight, floats_);
  }
  const float* rstd() const { return rstd_.data(); }

 private:
  template <class T>
  DeviceOperand into(DeviceContext& context, const NormShape& s, Rows<const float> x, const float* weight,
                     DeviceBuffer<T>& buffer) {
    const Rows<T> y = buffer.rows(context, s.rows, s.width);
    rms_norm_forward(context.stream(), s, x, weight, y, rstd_.data());
    return operand_of(s.rows, s.width, y);
  }
  DeviceBuffer<float> floats_, rstd_;
  DeviceBuffer<bf16> rounded_;
};

/// f(T()) with the type of activations in memory: float, or bf16 where the products' operands are bf16.
template <class F>
auto for_activations(Precision precision, F f) {
  return precision == Precision::bf16 ? f(bf16()) : f(float());
}

/// A setting without a kernel throws Error naming it.
std::unique_ptr<DeviceSublayer> make_delta_rule(DeviceContext&, const GatedDeltaRule&, const std::string& at,
                                                const Weights<float>&);
std::unique_ptr<DeviceSublayer> make_attention(DeviceContext&, const Attention&, double norm_eps, const std::string& at,
                                               const Weights<float>&);
std::unique_ptr<DeviceSublayer> make_mlp(DeviceContext&, const Mlp&, const std::string& at, const Weights<float>&);

}  // namespace separatrix::SIMT
