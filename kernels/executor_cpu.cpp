// The CPU executor: embedding, blocks, read-out and cross-entropy, forward and backward, for whole batches.
// A batch is gone through group by group (groups.h); what follows the last mixer treats every token by itself, so it runs on the
// tokens that count and on no others.
#include <algorithm>

#include "kernels/cpu/buffer.h"
#include "kernels/cpu/groups.h"
#include "kernels/cpu/linear.h"
#include "kernels/cpu/residual.h"
#include "kernels/cross_entropy/cross_entropy.h"
#include "kernels/embedding/embedding.h"
#include "kernels/executors.h"
#include "kernels/isa.h"
#include "kernels/picked.h"

namespace separatrix {
namespace {

class CpuExecutor final : public Executor {
 public:
  CpuExecutor(const Spec& spec, Precision precision, std::ptrdiff_t group_tokens)
      : spec_(spec),
        precision_(precision),
        group_tokens_(group_tokens),
        layout_(spec),
        head_(layout_, "lm_head.weight", "lm_head.weight", precision) {
    require_precision(precision);
    for (std::size_t i = 0; i < spec.blocks.size(); ++i) add_block(i);
    mixed_ = up_to_last_mixer(spec, residuals_.size());
    if (spec.final_norm) norm_offset_ = layout_.parameter("model.norm.weight").offset;
  }

  double loss_and_gradient(const Weights<float>& weights, const Batch& batch, Weights<float>& gradient) override {
    const std::size_t counted = counted_tokens(batch).size();
    if (counted == 0) fail("a batch without a counted position has no loss");
    std::fill(gradient.values().begin(), gradient.values().end(), 0.0f);
    load(weights);
    double loss = 0;
    for (const Batch& group : groups_of(batch)) {
      pick(counted_tokens(group));
      if (picked_.empty()) continue;
      const Rows<float> out = forward(weights, group);
      std::vector<std::int32_t> targets;
      for (const std::int32_t t : picked_) targets.push_back(group.targets[t]);
      loss += cross_entropy(picked(), spec_.vocab, out, targets.data(), all_count_.data(), 1.0 / static_cast<double>(counted));
      backward(weights, group, out, gradient);
    }
    return loss;
  }

  std::vector<std::int32_t> predict(const Weights<float>& weights, const Batch& batch) override {
    load(weights);
    std::vector<std::int32_t> predicted, best;
    for (const Batch& group : groups_of(batch)) {
      pick(counted_tokens(group));
      best.resize(picked_.size());
      argmax(picked(), spec_.vocab, forward(weights, group), all_count_.data(), best.data());
      const std::size_t first = predicted.size();
      predicted.resize(first + group.tokens.size(), -1);
      for (std::size_t i = 0; i < best.size(); ++i) predicted[first + picked_[i]] = best[i];
    }
    return predicted;
  }

  Matrix<float> logits(const Weights<float>& weights, const Batch& batch) override {
    load(weights);
    Matrix<float> all(batch.tokens.size(), spec_.vocab);
    auto to = all.values().begin();
    for (const Batch& group : groups_of(batch)) {
      pick(all_tokens(group));
      to = copy_rows(forward(weights, group), spec_.vocab, to);
    }
    return all;
  }

  std::vector<Matrix<float>> layers(const Weights<float>& weights, const Batch& batch) override {
    load(weights);
    std::vector<Matrix<float>> out(block_ends_.size(), Matrix<float>(batch.tokens.size(), spec_.width));
    std::size_t done = 0;
    for (const Batch& group : groups_of(batch)) {
      pick(all_tokens(group));
      forward(weights, group);
      for (std::size_t i = 0; i < out.size(); ++i)
        copy_rows(stream_[block_ends_[i]].rows(), spec_.width, out[i].values().begin() + static_cast<std::ptrdiff_t>(done));
      done += picked_.size() * spec_.width;
    }
    return out;
  }

 private:
  void add_block(std::size_t i) {
    const Block& block = spec_.blocks[i];
    const std::string at = fmt::format("model.layers.{}.", i);
    if (block.norm == NormPlace::groups || !block.more_mlps.empty())
      fail("no CPU kernel for normed groups or several MLPs in a block (block {}); use --numbers double, or --device reference", i);
    const bool pre = block.norm == NormPlace::pre;
    add_residual(block.norm, at + (pre ? "input_layernorm.weight" : "post_attention_layernorm.weight"), make_mixer(i, at));
    if (block.mlp.hidden > 0)
      add_residual(block.norm, at + (pre ? "post_attention_layernorm.weight" : "post_feedforward_layernorm.weight"),
                   make_cpu_mlp(block.mlp, at, layout_, precision_));
    block_ends_.push_back(residuals_.size());
  }

  std::unique_ptr<Sublayer> make_mixer(std::size_t i, const std::string& at) const {
    using Made = std::unique_ptr<Sublayer>;
    return std::visit(
        Overloaded{[&](const GatedDeltaRule& g) -> Made { return make_cpu_delta_rule(g, at, layout_, precision_); },
                   [&](const Attention& a) -> Made { return make_cpu_attention(a, spec_.norm_eps, at, layout_, precision_); },
                   [&](const auto& other) -> Made {
                     fail("no CPU kernel for {} (block {}); run with --device reference", other.name, i);
                   }},
        spec_.blocks[i].mixer);
  }

  void add_residual(NormPlace place, const std::string& norm, std::unique_ptr<Sublayer> sublayer) {
    residuals_.emplace_back(place, norm, spec_.norm_eps, spec_.width, precision_, layout_, std::move(sublayer));
  }

  void load(const Weights<float>& weights) {
    for (Residual& r : residuals_) r.load(weights);
    head_.load(weights);
  }

  NormShape norm_shape(std::ptrdiff_t n) const { return {n, spec_.width, 1, static_cast<float>(spec_.norm_eps)}; }

  /// Logits of the picked tokens (picked, vocab).
  Rows<float> forward(const Weights<float>& weights, const Batch& batch) {
    const BatchShape shape{batch.batch, batch.length};
    const std::ptrdiff_t n = shape.tokens(), width = spec_.width;
    stream_.resize(residuals_.size() + 1);
    embedding_forward(n, spec_.vocab, width, batch.tokens.data(), weights.values().data() + embedding_offset(),
                      stream_[0].reserve(n, width, precision_));
    if (spec_.learned_positions > 0) {
      place_positions(shape);
      embedding_forward(n, spec_.learned_positions, width, positions_.data(), weights["model.position_embeddings.weight"].data(),
                        stream_[0].rows(), true);
    }
    for (std::size_t i = 0; i < mixed_; ++i)
      residuals_[i].forward(shape, stream_[i].rows(), stream_[i + 1].reserve(n, width, precision_));
    const std::ptrdiff_t m = picked();
    const BatchShape one_by_one{1, static_cast<int>(m)};
    gather(stream_[mixed_].rows(), top_.reserve(m, width));
    Rows<const float> top = top_.rows();
    for (std::size_t i = mixed_; i < residuals_.size(); ++i) {
      residuals_[i].forward(one_by_one, top, stream_[i + 1].reserve(m, width, precision_));
      top = stream_[i + 1].rows();
    }
    if (spec_.final_norm) {
      rms_norm_forward(norm_shape(m), top, weights.values().data() + norm_offset_, normed_.reserve(m, width), rstd_.reserve(m));
      top = normed_.rows();
    }
    const Rows<float> out = logits_.reserve(m, spec_.vocab, precision_);
    head_.forward(m, top, out);
    return out;
  }

  /// d_logits of the picked tokens -> the gradient of every weight, added to `gradient`.
  void backward(const Weights<float>& weights, const Batch& batch, Rows<const float> d_logits, Weights<float>& gradient) {
    const BatchShape shape{batch.batch, batch.length};
    const std::ptrdiff_t n = shape.tokens(), m = picked(), width = spec_.width;
    const Rows<float> d = d_stream_.reserve(n, width, precision_);
    const Rows<float> d_top = d_top_.reserve(m, width, precision_);
    head_.backward(m, d_logits, d_top, false, gradient);
    if (spec_.final_norm)
      rms_norm_backward(norm_shape(m), d_top, before_top(residuals_.size()), weights.values().data() + norm_offset_, rstd_.data(),
                        d_top, gradient.values().data() + norm_offset_);
    for (std::size_t i = residuals_.size(); i-- > mixed_;)
      residuals_[i].backward({1, static_cast<int>(m)}, before_top(i), d_top, gradient);
    scatter(d_top, n, d);
    for (std::size_t i = mixed_; i-- > 0;) residuals_[i].backward(shape, stream_[i].rows(), d, gradient);
    embedding_backward(n, width, batch.tokens.data(), d, gradient.values().data() + embedding_offset());
    if (spec_.learned_positions > 0)
      embedding_backward(n, width, positions_.data(), d, gradient["model.position_embeddings.weight"].data());
  }

  std::vector<Batch> groups_of(const Batch& batch) const {
    // Numbers of the residual stream, 1.5 MiB (matmul/notes.md); but every group reads all weights again, so not too few tokens.
    constexpr std::ptrdiff_t stream_of_thread = 1536 * 256, fewest_of_thread = 512;
    const std::ptrdiff_t of_thread = std::max<std::ptrdiff_t>(fewest_of_thread, stream_of_thread / spec_.width);
    return groups(batch, group_tokens_ > 0 ? group_tokens_ : of_thread * threads(), threads());
  }
  void pick(std::vector<std::int32_t> tokens) {
    picked_ = std::move(tokens);
    all_count_.assign(picked_.size(), 1);
  }
  std::ptrdiff_t picked() const { return static_cast<std::ptrdiff_t>(picked_.size()); }

  /// The stream of the picked tokens (picked, width) before residual i >= mixed, or behind the last.
  Rows<const float> before_top(std::size_t i) const { return i == mixed_ ? top_.rows() : stream_[i].rows(); }

  /// x (tokens, width) -> y (picked, width)
  void gather(Rows<const float> x, Rows<float> y) const {
    for (std::size_t i = 0; i < picked_.size(); ++i) std::copy_n(x.row(picked_[i]), spec_.width, y.row(i));
  }
  /// The picked tokens' rows one behind the other; the iterator behind the last.
  template <class To>
  To copy_rows(Rows<const float> x, std::ptrdiff_t cols, To to) const {
    for (std::ptrdiff_t i = 0; i < picked(); ++i) to = std::copy_n(x.row(i), cols, to);
    return to;
  }
  /// d (picked, width) -> d (n, width), zero for the other tokens
  void scatter(Rows<const float> d, std::ptrdiff_t n, Rows<float> to) const {
    for (std::ptrdiff_t i = 0; i < n; ++i) std::fill_n(to.row(i), spec_.width, 0.0f);
    for (std::size_t i = 0; i < picked_.size(); ++i) std::copy_n(d.row(i), spec_.width, to.row(picked_[i]));
  }

  /// The position of every token of a batch.
  void place_positions(const BatchShape& shape) {
    if (shape.length > spec_.learned_positions)
      fail("position {} is beyond the {} learned positions of this model; train one with more (model.max_positions)",
           spec_.learned_positions, spec_.learned_positions);
    positions_.resize(static_cast<std::size_t>(shape.tokens()));
    for (std::size_t i = 0; i < positions_.size(); ++i) positions_[i] = static_cast<std::int32_t>(i % shape.length);
  }

  std::size_t embedding_offset() const { return layout_.parameter("model.embed_tokens.weight").offset; }

  Spec spec_;
  Precision precision_;
  std::ptrdiff_t group_tokens_;
  Weights<float> layout_;  // names and offsets
  std::vector<Residual> residuals_;
  std::vector<std::size_t> block_ends_ = {0};  // in stream_: the embedding, then the end of every block
  CpuLinear head_;
  std::size_t norm_offset_ = 0;
  std::vector<std::int32_t> positions_;  // learned positions only
  std::size_t mixed_ = 0;                // residuals up to the last mixer; what follows treats every token by itself
  std::vector<std::int32_t> picked_;     // tokens that what follows runs on, ascending
  std::vector<std::uint8_t> all_count_;  // a 1 for each of them
  // The residual stream before and after every sublayer: (tokens, width), behind residual i >= mixed (picked, width).
  std::vector<MatrixBuffer> stream_;
  MatrixBuffer top_;  // (picked, width): rows of stream_[mixed]
  MatrixBuffer normed_, logits_, d_stream_, d_top_;
  Buffer rstd_;
};

}  // namespace

std::unique_ptr<Executor> make_cpu_executor(const Spec& spec, Precision precision, std::ptrdiff_t group_tokens) {
  return std::make_unique<CpuExecutor>(spec, precision, group_tokens);
}

}  // namespace separatrix
