// A whole model on the GPU: embedding, blocks, read-out and cross-entropy, forward and backward; only queues work.
#pragma once
#include "kernels/cuda/linear.h"
#include "kernels/cuda/residual.h"

namespace separatrix::SIMT {

/// Tokens, targets and mask of a batch in device memory, (batch * length) each; positions where the model has learned ones.
struct DeviceBatch {
  BatchShape shape{0, 0};
  const std::int32_t *tokens = nullptr, *targets = nullptr, *positions = nullptr;
  const std::uint8_t* mask = nullptr;
};

class DeviceModel {
 public:
  /// Throws Error for a layer without a kernel.
  DeviceModel(const Spec& spec, DeviceContext& context);

  /// Logits (tokens, vocab) of context.weights.
  Rows<float> forward(const DeviceBatch& batch);
  /// logits -> numbers->loss and its gradient in context.gradient, which is overwritten.
  void loss_and_gradient(const DeviceBatch& batch, Rows<float> logits, StepNumbers* numbers);

  /// The residual stream after block i (0: before the first) of the last forward pass.
  Rows<const float> stream_after(std::size_t block) const { return stream_[block_ends_[block]].rows(); }
  std::size_t blocks() const { return block_ends_.size(); }
  const Weights<float>& layout() const { return layout_; }

 private:
  void add_block(std::size_t i);
  void add_residual(const Block& block, const std::string& norm, std::unique_ptr<DeviceSublayer> sublayer);
  std::size_t offset(const char* name) const { return layout_.parameter(name).offset; }

  Spec spec_;
  DeviceContext& context_;
  Weights<float> layout_;  // names and offsets
  std::vector<DeviceResidual> residuals_;
  std::vector<std::size_t> block_ends_ = {0};
  DeviceLinear head_;
  std::vector<DeviceBuffer<float>> stream_;  // before and after every sublayer, (tokens, width) each
  DeviceNormed normed_;
  DeviceBuffer<float> logits_, d_stream_, losses_, scratch_;
};

}  // namespace separatrix::SIMT
