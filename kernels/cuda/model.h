// A whole model on the GPU: embedding, blocks, read-out and cross-entropy, forward and backward; only queues work.
#pragma once
#include "kernels/cuda/linear.h"
#include "kernels/cuda/residual.h"

namespace separatrix::SIMT {

/// A batch in device memory.  What follows the last mixer treats every token by itself, so it runs on picked ones only.
struct DeviceBatch {
  BatchShape shape{0, 0};
  const std::int32_t *tokens = nullptr, *positions = nullptr;  // (batch * length)
  const std::int32_t* places = nullptr;                        // (batch * length): which of the picked a token is; -1: not picked
  std::ptrdiff_t picked = 0;
  const std::int32_t *rows = nullptr, *targets = nullptr;  // (picked): which token each is; its target
  const std::uint8_t* mask = nullptr;                      // (picked): 0 for those that fill up the number, or do not count
};

class DeviceModel {
 public:
  /// Throws Error for a layer without a kernel.
  DeviceModel(const Spec& spec, DeviceContext& context);

  /// Logits (picked, vocab) of context.weights.
  Rows<float> forward(const DeviceBatch& batch);
  /// logits -> numbers->loss and its gradient in context.gradient, which is overwritten.
  void loss_and_gradient(const DeviceBatch& batch, Rows<float> logits, StepNumbers* numbers);

  /// The residual stream after block i (0: before the first) of the last forward pass; all tokens must have been picked.
  Rows<const float> stream_after(std::size_t block) const { return stream_[block_ends_[block]].rows(); }
  std::size_t blocks() const { return block_ends_.size(); }
  const Weights<float>& layout() const { return layout_; }

 private:
  void add_block(std::size_t i);
  /// The stream before residual i >= mixed, or behind the last: (picked, width).
  Rows<const float> before_top(std::size_t i) const { return i == mixed_ ? top_.rows() : stream_[i].rows(); }
  void add_residual(const Block& block, const std::string& norm, std::unique_ptr<DeviceSublayer> sublayer);
  std::size_t offset(const char* name) const { return layout_.parameter(name).offset; }

  Spec spec_;
  DeviceContext& context_;
  Weights<float> layout_;  // names and offsets
  std::vector<DeviceResidual> residuals_;
  std::vector<std::size_t> block_ends_ = {0};
  DeviceLinear head_;
  std::size_t mixed_ = 0;  // residuals up to the last mixer
  // Before and after every sublayer: (tokens, width), behind the last mixer's (picked, width).
  std::vector<DeviceBuffer<float>> stream_;
  DeviceBuffer<float> top_, d_top_;  // picked rows of stream_[mixed_] and their gradient
  DeviceNormed normed_;
  DeviceBuffer<float> logits_, d_stream_, losses_, scratch_;
};

}  // namespace separatrix::SIMT
