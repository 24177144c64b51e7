// A model over any number type: Spec + Weights<T> -> logits, one token at a time.
//   x = embedding(token) (+ position);  per block x = x + mixer(x), then x = x + mlp(x) for each of its MLPs, with norms where the
//   block puts them;
//   logits = lm_head norm(x).
// This is the definition.  Every kernel, on every device, is checked against it.
#pragma once
#include <optional>

#include "models/blocks/mlp.h"
#include "models/layer.h"

namespace separatrix {

template <Field T>
class Model {
 public:
  struct State {
    std::vector<MixerState<T>> mixers;
    int position = 0;
    bool operator==(const State&) const = default;
  };

  Model(const Spec& spec, const Weights<T>& w);
  State start() const;
  /// The residual stream after every block for one more token: blocks + 1 rows of (width), the embedding first.
  std::vector<Row<T>> trace(State& state, int token) const;
  /// One more token after which nothing is asked: the state becomes what `step` makes it.
  void read(State& state, int token) const;
  /// Logits (vocab) of what follows `token`.
  Row<T> step(State& state, int token) const;
  const Spec& spec() const { return spec_; }

 private:
  struct BlockLayers {
    MixerLayer<T> mixer;
    std::optional<MlpLayer<T>> mlp;
    std::vector<MlpLayer<T>> more_mlps;
    RmsNorm<T> mixer_norm, mlp_norm;
  };

  Row<T> embed(int token, int position) const {
    const std::span<const T> row = embedding_.row(token);
    Row<T> x(row.begin(), row.end());
    if (spec_.learned_positions == 0) return x;
    if (position >= spec_.learned_positions)
      fail("position {} is beyond the {} learned positions of this model; train one with more (model.max_positions)", position,
           spec_.learned_positions);
    const std::span<const T> p = positions_.row(position);
    return add(x, Row<T>(p.begin(), p.end()));
  }

  Row<T> block_step(std::size_t i, State& state, const Row<T>& input) const {
    const BlockLayers& b = blocks_[i];
    const auto mix = [&](const Row<T>& x) {
      return std::visit(
          [&](const auto& mixer) {
            using Layer = std::decay_t<decltype(mixer)>;
            return mixer.step(std::get<typename Layer::State>(state.mixers[i]), x);
          },
          b.mixer);
    };
    const Block& s = spec_.blocks[i];
    Row<T> x = residual(input, s.norm, b.mixer_norm, s.groups, mix);
    if (b.mlp) x = residual(x, s.norm, b.mlp_norm, s.mlp.groups, *b.mlp);
    for (std::size_t m = 0; m < b.more_mlps.size(); ++m) x = residual(x, s.norm, {}, s.more_mlps[m].groups, b.more_mlps[m]);
    return x;
  }

  void last_block_read(State& state, const Row<T>& input) const {
    const Block& s = spec_.blocks.back();
    const RmsNorm<T>& norm = blocks_.back().mixer_norm;
    const Row<T> x = s.norm == NormPlace::groups ? normed_groups(input, s.groups, spec_.norm_eps)
                     : s.norm == NormPlace::pre  ? norm(input)
                                                 : input;
    std::visit(
        [&](const auto& mixer) {
          using Layer = std::decay_t<decltype(mixer)>;
          mixer.read(std::get<typename Layer::State>(state.mixers.back()), x);
        },
        blocks_.back().mixer);
  }

  template <class F>
  Row<T> residual(const Row<T>& x, NormPlace place, const RmsNorm<T>& norm, const std::vector<NormGroup>& groups,
                  const F& f) const {
    if (place == NormPlace::groups) return add(x, f(normed_groups(x, groups, spec_.norm_eps)));
    if (place == NormPlace::pre) return add(x, f(norm(x)));
    if (place == NormPlace::post) return add(x, norm(f(x)));
    return add(x, f(x));
  }

  Spec spec_;
  Matrix<T> embedding_, positions_, head_;  // (vocab, d), (positions, d), (vocab, d)
  std::vector<BlockLayers> blocks_;
  RmsNorm<T> final_norm_;
};

template <Field T>
Model<T>::Model(const Spec& spec, const Weights<T>& w)
    : spec_(spec), embedding_(w.matrix("model.embed_tokens.weight")), head_(w.matrix("lm_head.weight")) {
  if (spec.learned_positions > 0) positions_ = w.matrix("model.position_embeddings.weight");
  for (std::size_t i = 0; i < spec.blocks.size(); ++i) {
    const LayerWeights<T> at{w, fmt::format("model.layers.{}.", i)};
    const Block& b = spec.blocks[i];
    BlockLayers layers{make_mixer<T>(b.mixer, at, spec.norm_eps), {}, {}, {}, {}};
    if (b.mlp.hidden > 0) layers.mlp.emplace(b.mlp, at);
    for (std::size_t m = 0; m < b.more_mlps.size(); ++m)
      layers.more_mlps.emplace_back(b.more_mlps[m], LayerWeights<T>{w, more_mlp_name(at.prefix, m)});
    if (b.norm == NormPlace::pre || b.norm == NormPlace::post) {
      const bool pre = b.norm == NormPlace::pre;
      layers.mixer_norm = {at.vector(pre ? "input_layernorm.weight" : "post_attention_layernorm.weight"), spec.norm_eps};
      if (layers.mlp)
        layers.mlp_norm = {at.vector(pre ? "post_attention_layernorm.weight" : "post_feedforward_layernorm.weight"), spec.norm_eps};
    }
    blocks_.push_back(std::move(layers));
  }
  if (spec.final_norm) final_norm_ = {LayerWeights<T>{w, ""}.vector("model.norm.weight"), spec.norm_eps};
}

template <Field T>
typename Model<T>::State Model<T>::start() const {
  State state;
  for (const BlockLayers& b : blocks_)
    state.mixers.push_back(std::visit([](const auto& mixer) { return MixerState<T>(mixer.start()); }, b.mixer));
  return state;
}

template <Field T>
std::vector<Row<T>> Model<T>::trace(State& state, int token) const {
  if (token < 0 || token >= spec_.vocab) fail("token {} is outside the vocabulary of {}", token, spec_.vocab);
  std::vector<Row<T>> rows{embed(token, state.position++)};
  for (std::size_t i = 0; i < blocks_.size(); ++i) rows.push_back(block_step(i, state, rows.back()));
  return rows;
}

template <Field T>
void Model<T>::read(State& state, int token) const {
  if (token < 0 || token >= spec_.vocab) fail("token {} is outside the vocabulary of {}", token, spec_.vocab);
  Row<T> x = embed(token, state.position++);
  for (std::size_t i = 0; i + 1 < blocks_.size(); ++i) x = block_step(i, state, x);
  if (!blocks_.empty()) last_block_read(state, x);
}

template <Field T>
Row<T> Model<T>::step(State& state, int token) const {
  const Row<T> x = trace(state, token).back();
  return matvec(head_, spec_.final_norm ? final_norm_(x) : x);
}

/// Logits (n, vocab) at every position of a token sequence.
template <Field T>
Matrix<T> logits(const Model<T>& model, std::span<const int> tokens) {
  Matrix<T> out(tokens.size(), model.spec().vocab);
  auto state = model.start();
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    const Row<T> row = model.step(state, tokens[t]);
    std::copy(row.begin(), row.end(), out.row(t).begin());
  }
  return out;
}

}  // namespace separatrix
