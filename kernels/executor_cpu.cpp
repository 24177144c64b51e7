// The CPU executor: embedding, blocks, read-out and cross-entropy, forward and backward, for whole batches.
#include <algorithm>

#include "kernels/cpu/buffer.h"
#include "kernels/cpu/linear.h"
#include "kernels/cpu/residual.h"
#include "kernels/cross_entropy/cross_entropy.h"
#include "kernels/embedding/embedding.h"
#include "kernels/executors.h"

namespace separatrix {
namespace {

class CpuExecutor final : public Executor {
 public:
  CpuExecutor(const Spec& spec, Precision precision)
      : spec_(spec), layout_(spec), head_(layout_, "lm_head.weight", "lm_head.weight", precision) {
    require_precision(precision);
    for (std::size_t i = 0; i < spec.blocks.size(); ++i) add_block(i, precision);
    if (spec.final_norm) norm_offset_ = layout_.parameter("model.norm.weight").offset;
  }

  double loss_and_gradient(const Weights<float>& weights, const Batch& batch, Weights<float>& gradient) override {
    const BatchShape shape{batch.batch, batch.length};
    const auto counted = std::count(batch.mask.begin(), batch.mask.end(), 1);
    if (counted == 0) fail("a batch without a counted position has no loss");
    const Rows<float> out = forward(weights, batch);
    const double loss = cross_entropy(shape.tokens(), spec_.vocab, out, batch.targets.data(), batch.mask.data(), 1.0 / counted);
    std::fill(gradient.values().begin(), gradient.values().end(), 0.0f);
    backward(shape, weights, batch, out, gradient);
    return loss;
  }

  std::vector<std::int32_t> predict(const Weights<float>& weights, const Batch& batch) override {
    const Rows<float> out = forward(weights, batch);
    std::vector<std::int32_t> predicted(batch.tokens.size());
    argmax(BatchShape{batch.batch, batch.length}.tokens(), spec_.vocab, out, batch.mask.data(), predicted.data());
    return predicted;
  }

  Matrix<float> logits(const Weights<float>& weights, const Batch& batch) override {
    const Rows<float> out = forward(weights, batch);
    Matrix<float> copy(batch.tokens.size(), spec_.vocab);
    std::copy_n(out.data, copy.values().size(), copy.values().begin());
    return copy;
  }

  std::vector<Matrix<float>> layers(const Weights<float>& weights, const Batch& batch) override {
    forward(weights, batch);
    std::vector<Matrix<float>> out;
    for (const std::size_t at : block_ends_) {
      Matrix<float> copy(batch.tokens.size(), spec_.width);
      std::copy_n(stream_[at].data(), copy.values().size(), copy.values().begin());
      out.push_back(std::move(copy));
    }
    return out;
  }

 private:
  void add_block(std::size_t i, Precision precision) {
    const Block& block = spec_.blocks[i];
    const std::string at = fmt::format("model.layers.{}.", i);
    if (block.norm == NormPlace::groups || !block.more_mlps.empty())
      fail("no CPU kernel for normed groups or several MLPs in a block (block {}); use --numbers double, or --device reference", i);
    const bool pre = block.norm == NormPlace::pre;
    auto mixer = std::holds_alternative<GatedDeltaRule>(block.mixer)
                     ? make_cpu_delta_rule(std::get<GatedDeltaRule>(block.mixer), at, layout_, precision)
                     : make_cpu_attention(std::get<Attention>(block.mixer), spec_.norm_eps, at, layout_, precision);
    add_residual(block.norm, at + (pre ? "input_layernorm.weight" : "post_attention_layernorm.weight"), std::move(mixer));
    if (block.mlp.hidden > 0)
      add_residual(block.norm, at + (pre ? "post_attention_layernorm.weight" : "post_feedforward_layernorm.weight"),
                   make_cpu_mlp(block.mlp, at, layout_, precision));
    block_ends_.push_back(residuals_.size());
  }

  void add_residual(NormPlace place, const std::string& norm, std::unique_ptr<Sublayer> sublayer) {
    residuals_.emplace_back(place, norm, spec_.norm_eps, spec_.width, layout_, std::move(sublayer));
  }

  void load(const Weights<float>& weights) {
    for (Residual& r : residuals_) r.load(weights);
    head_.load(weights);
  }

  NormShape norm_shape(std::ptrdiff_t n) const { return {n, spec_.width, 1, static_cast<float>(spec_.norm_eps)}; }

  /// Logits (tokens, vocab).
  Rows<float> forward(const Weights<float>& weights, const Batch& batch) {
    const BatchShape shape{batch.batch, batch.length};
    const std::ptrdiff_t n = shape.tokens(), width = spec_.width;
    load(weights);
    stream_.resize(residuals_.size() + 1);
    embedding_forward(n, spec_.vocab, width, batch.tokens.data(), weights.values().data() + embedding_offset(),
                      stream_[0].rows(n, width));
    if (spec_.learned_positions > 0) {
      place_positions(shape);
      embedding_forward(n, spec_.learned_positions, width, positions_.data(), weights["model.position_embeddings.weight"].data(),
                        {stream_[0].data(), width}, true);
    }
    for (std::size_t i = 0; i < residuals_.size(); ++i)
      residuals_[i].forward(shape, Rows<float>{stream_[i].data(), width}, stream_[i + 1].rows(n, width));
    Rows<const float> top{stream_.back().data(), width};
    if (spec_.final_norm) {
      rms_norm_forward(norm_shape(n), top, weights.values().data() + norm_offset_, normed_.rows(n, width), rstd_.reserve(n));
      top = {normed_.data(), width};
    }
    const Rows<float> out = logits_.rows(n, spec_.vocab);
    head_.forward(n, top, out);
    return out;
  }

  /// d_logits -> the gradient of every weight, added to `gradient`.
  void backward(const BatchShape& shape, const Weights<float>& weights, const Batch& batch, Rows<const float> d_logits,
                Weights<float>& gradient) {
    const std::ptrdiff_t n = shape.tokens(), width = spec_.width;
    const Rows<float> d = d_stream_.rows(n, width);
    head_.backward(n, d_logits, d, false, gradient);
    if (spec_.final_norm)
      rms_norm_backward(norm_shape(n), d, {stream_.back().data(), width}, weights.values().data() + norm_offset_, rstd_.data(), d,
                        gradient.values().data() + norm_offset_);
    for (std::size_t i = residuals_.size(); i-- > 0;)
      residuals_[i].backward(shape, Rows<float>{stream_[i].data(), width}, d, gradient);
    embedding_backward(n, width, batch.tokens.data(), d, gradient.values().data() + embedding_offset());
    if (spec_.learned_positions > 0)
      embedding_backward(n, width, positions_.data(), d, gradient["model.position_embeddings.weight"].data());
  }

  /// The position of every token of a batch.
  void place_positions(const BatchShape& shape) {
    if (shape.length > spec_.learned_positions)
      fail("position {} is beyond the {} learned positions of this model", spec_.learned_positions, spec_.learned_positions);
    positions_.resize(static_cast<std::size_t>(shape.tokens()));
    for (std::size_t i = 0; i < positions_.size(); ++i) positions_[i] = static_cast<std::int32_t>(i % shape.length);
  }

  std::size_t embedding_offset() const { return layout_.parameter("model.embed_tokens.weight").offset; }

  Spec spec_;
  Weights<float> layout_;  // names and offsets
  std::vector<Residual> residuals_;
  std::vector<std::size_t> block_ends_ = {0};  // in stream_: the embedding, then the end of every block
  CpuLinear head_;
  std::size_t norm_offset_ = 0;
  std::vector<std::int32_t> positions_;  // learned positions only
  std::vector<Buffer> stream_;           // the residual stream before and after every sublayer, (tokens, width) each
  Buffer normed_, rstd_, logits_, d_stream_;
};

}  // namespace

std::unique_ptr<Executor> make_cpu_executor(const Spec& spec, Precision precision) {
  return std::make_unique<CpuExecutor>(spec, precision);
}

}  // namespace separatrix
