#include "kernels/cuda/model.h"

#include "kernels/picked.h"

namespace separatrix::SIMT {

DeviceModel::DeviceModel(const Spec& spec, DeviceContext& context)
    : spec_(spec), context_(context), layout_(spec), head_(context, layout_, "lm_head.weight", "lm_head.weight") {
  for (std::size_t i = 0; i < spec.blocks.size(); ++i) add_block(i);
  mixed_ = up_to_last_mixer(spec, residuals_.size());
  stream_.resize(residuals_.size() + 1);
}

void DeviceModel::add_block(std::size_t i) {
  const Block& block = spec_.blocks[i];
  const std::string at = fmt::format("model.layers.{}.", i);
  if (block.norm == NormPlace::groups || !block.more_mlps.empty())
    fail("no CUDA kernel for normed groups or several MLPs in a block (block {}); run with --device reference", i);
  const bool pre = block.norm == NormPlace::pre;
  using Made = std::unique_ptr<DeviceSublayer>;
  auto mixer = std::visit(
      Overloaded{
          [&](const GatedDeltaRule& g) -> Made {
            if (!g.erase) fail("no CUDA kernel for a delta rule that does not erase (block {}); run with --device cpu", i);
            return make_delta_rule(context_, g, at, layout_);
          },
          [&](const Attention& a) -> Made { return make_attention(context_, a, spec_.norm_eps, at, layout_); },
          [&](const auto& other) -> Made { fail("no CUDA kernel for {} (block {}); run with --device reference", other.name, i); }},
      block.mixer);
  add_residual(block, at + (pre ? "input_layernorm.weight" : "post_attention_layernorm.weight"), std::move(mixer));
  if (block.mlp.hidden > 0)
    add_residual(block, at + (pre ? "post_attention_layernorm.weight" : "post_feedforward_layernorm.weight"),
                 make_mlp(context_, block.mlp, at, layout_));
  block_ends_.push_back(residuals_.size());
}

void DeviceModel::add_residual(const Block& block, const std::string& norm, std::unique_ptr<DeviceSublayer> sublayer) {
  residuals_.emplace_back(context_, block.norm, norm, spec_.norm_eps, spec_.width, layout_, std::move(sublayer));
}

Rows<float> DeviceModel::forward(const DeviceBatch& batch) {
  const std::ptrdiff_t n = batch.shape.tokens(), width = spec_.width;
  const Stream stream = context_.stream();
  round_weights(context_);
  const Rows<float> bottom = stream_[0].rows(context_, n, width);
  embedding_forward(stream, n, width, batch.tokens, context_.weights + offset("model.embed_tokens.weight"), bottom);
  if (spec_.learned_positions > 0)
    embedding_forward(stream, n, width, batch.positions, context_.weights + offset("model.position_embeddings.weight"), bottom,
                      true);
  for (std::size_t i = 0; i < mixed_; ++i)
    residuals_[i].forward(batch.shape, stream_[i].rows(), stream_[i + 1].rows(context_, n, width));
  const std::ptrdiff_t m = batch.picked;
  gather_rows(stream, m, width, batch.rows, stream_[mixed_].rows(), top_.rows(context_, m, width));
  for (std::size_t i = mixed_; i < residuals_.size(); ++i)
    residuals_[i].forward({1, static_cast<int>(m)}, before_top(i), stream_[i + 1].rows(context_, m, width));
  const Rows<const float> top = before_top(residuals_.size());
  const Rows<float> logits = logits_.rows(context_, m, spec_.vocab);
  head_.forward(spec_.final_norm ? normed_.forward(context_, {m, width, 1, static_cast<float>(spec_.norm_eps)}, top,
                                                   context_.weights + offset("model.norm.weight"))
                                 : operand_of(m, width, top),
                logits);
  return logits;
}

void DeviceModel::loss_and_gradient(const DeviceBatch& batch, Rows<float> logits, StepNumbers* numbers) {
  const std::ptrdiff_t n = batch.shape.tokens(), m = batch.picked, width = spec_.width;
  const Stream stream = context_.stream();
  zero_async(stream, context_.gradient, layout_.values().size() * sizeof(float));
  cross_entropy(stream, m, spec_.vocab, logits, batch.targets, batch.mask, losses_.reserve(context_, static_cast<std::size_t>(m)),
                numbers);
  const Rows<float> d_top = d_top_.rows(context_, m, width), d = d_stream_.rows(context_, n, width);
  head_.backward(operand_of(m, spec_.vocab, logits), d_top, false);
  if (spec_.final_norm)
    rms_norm_backward(stream, {m, width, 1, static_cast<float>(spec_.norm_eps)}, d_top, before_top(residuals_.size()),
                      context_.weights + offset("model.norm.weight"), normed_.rstd(), d_top,
                      context_.gradient + offset("model.norm.weight"),
                      scratch_.reserve(context_, sums_scratch_size(static_cast<std::size_t>(width))));
  DeviceOperand dy = operand_of(m, width, Rows<const float>(d_top));
  for (std::size_t i = residuals_.size(); i-- > mixed_;)
    dy = residuals_[i].backward({1, static_cast<int>(m)}, before_top(i), d_top, dy);
  scatter_rows(stream, n, width, batch.places, d_top, d);
  dy = operand_of(n, width, Rows<const float>(d));
  for (std::size_t i = mixed_; i-- > 0;) dy = residuals_[i].backward(batch.shape, stream_[i].rows(), d, dy);
  embedding_backward(stream, n, spec_.vocab, width, batch.tokens, d, context_.gradient + offset("model.embed_tokens.weight"));
  if (spec_.learned_positions > 0)
    embedding_backward(stream, n, spec_.learned_positions, width, batch.positions, d,
                       context_.gradient + offset("model.position_embeddings.weight"));
}

}  // namespace separatrix::SIMT
