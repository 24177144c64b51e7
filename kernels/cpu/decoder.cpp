// One token through embedding, blocks and read-out; the mixers remember the tokens before it.
#include "kernels/cpu/decoder.h"

#include "kernels/cpu/linear.h"
#include "kernels/cpu/residual.h"
#include "kernels/embedding/embedding.h"

namespace separatrix {
namespace {

class CpuDecoder final : public Decoder {
 public:
  CpuDecoder(const Spec& spec, const Weights<float>& weights)
      : spec_(spec), weights_(weights), head_(weights, "lm_head.weight", "lm_head.weight", Precision::fp32) {
    for (std::size_t i = 0; i < spec.blocks.size(); ++i) add_block(i);
    for (Residual& r : residuals_) r.load(weights);
    head_.load(weights);
  }

  std::vector<float> step(std::int32_t token) override {
    const std::ptrdiff_t width = spec_.width;
    Rows<float> x = first_.reserve(1, width), y = second_.reserve(1, width);
    embedding_forward(1, spec_.vocab, width, &token, weights_["model.embed_tokens.weight"].data(), x);
    if (spec_.learned_positions > 0) add_position(x);
    for (Residual& r : residuals_) {
      r.forward({1, 1}, x, y);
      std::swap(x, y);
    }
    if (spec_.final_norm)
      rms_norm_forward({1, width, 1, static_cast<float>(spec_.norm_eps)}, x, weights_["model.norm.weight"].data(), x,
                       rstd_.reserve(1));
    ++position_;
    std::vector<float> logits(spec_.vocab);
    head_.forward(1, x, {logits.data(), spec_.vocab});
    return logits;
  }

 private:
  void add_block(std::size_t i) {
    const Block& block = spec_.blocks[i];
    const std::string at = fmt::format("model.layers.{}.", i);
    if (block.norm == NormPlace::groups || !block.more_mlps.empty())
      fail("no CPU kernel for normed groups or several MLPs in a block (block {}); run with --device reference", i);
    const bool pre = block.norm == NormPlace::pre;
    add_residual(block.norm, at + (pre ? "input_layernorm.weight" : "post_attention_layernorm.weight"), make_mixer(i, at));
    if (block.mlp.hidden > 0)
      add_residual(block.norm, at + (pre ? "post_attention_layernorm.weight" : "post_feedforward_layernorm.weight"),
                   make_cpu_mlp(block.mlp, at, weights_, Precision::fp32));
  }

  std::unique_ptr<Sublayer> make_mixer(std::size_t i, const std::string& at) const {
    using Made = std::unique_ptr<Sublayer>;
    return std::visit(Overloaded{[&](const GatedDeltaRule& g) -> Made { return make_delta_rule_step(g, at, weights_); },
                                 [&](const Attention& a) -> Made { return make_attention_step(a, spec_.norm_eps, at, weights_); },
                                 [&](const auto& other) -> Made {
                                   fail("no CPU kernel for {} (block {}); run with --device reference", other.name, i);
                                 }},
                      spec_.blocks[i].mixer);
  }

  void add_residual(NormPlace place, const std::string& norm, std::unique_ptr<Sublayer> sublayer) {
    residuals_.emplace_back(place, norm, spec_.norm_eps, spec_.width, Precision::fp32, weights_, std::move(sublayer));
  }

  void add_position(Rows<float> x) {
    if (position_ >= spec_.learned_positions)
      fail("position {} is beyond the {} learned positions of this model; train one with more (model.max_positions)", position_,
           spec_.learned_positions);
    embedding_forward(1, spec_.learned_positions, spec_.width, &position_, weights_["model.position_embeddings.weight"].data(), x,
                      true);
  }

  Spec spec_;
  const Weights<float>& weights_;
  std::vector<Residual> residuals_;
  CpuLinear head_;
  std::int32_t position_ = 0;
  MatrixBuffer first_, second_;
  Buffer rstd_;
};

}  // namespace

std::unique_ptr<Decoder> make_cpu_decoder(const Spec& spec, const Weights<float>& weights) {
  return std::make_unique<CpuDecoder>(spec, weights);
}

}  // namespace separatrix
