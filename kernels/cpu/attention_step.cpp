// The attention block for one more token: kept are the keys, turned and normed, and the values of all tokens.
#include <algorithm>
#include <cmath>

#include "kernels/attention/rope.h"
#include "kernels/cpu/buffer.h"
#include "kernels/cpu/decoder.h"
#include "kernels/cpu/linear.h"
#include "kernels/norm/norm.h"

namespace separatrix {
namespace {

class AttentionStep final : public StepMixer {
 public:
  AttentionStep(const Attention& s, double norm_eps, const std::string& at, const Weights<float>& layout)
      : s_(s),
        at_(at + "self_attn."),
        eps_(static_cast<float>(norm_eps)),
        inner_(std::ptrdiff_t{s.heads} * s.head_dim),
        in_(layout, at_ + "q_proj.weight", at_ + "v_proj.weight", Precision::fp32),
        out_(layout, at_ + "o_proj.weight", at_ + "o_proj.weight", Precision::fp32) {
    if (s.score != Score::softmax) fail("no CPU kernel for hard attention ({}self_attn); run with --device reference", at);
  }

  void load(const Weights<float>& weights) override {
    in_.load(weights);
    out_.load(weights);
    if (s_.qk_norm == QkNorm::none) return;
    norm_[0] = weights[at_ + "q_norm.weight"].data();
    norm_[1] = weights[at_ + "k_norm.weight"].data();
  }

  void forward(const BatchShape&, Rows<const float> x, Rows<const float> add, Rows<float> y) override {
    const Rows<float> p = projected_.reserve(1, 3 * inner_), mixed = mixed_.reserve(1, inner_);
    in_.forward(1, x, p);
    const int position = static_cast<int>(keys_.size() / static_cast<std::size_t>(inner_));
    for (int part = 0; part < 2; ++part) prepare({p.data + part * inner_, p.stride}, part, position);
    keys_.insert(keys_.end(), p.data + inner_, p.data + 2 * inner_);
    values_.insert(values_.end(), p.data + 2 * inner_, p.data + 3 * inner_);
#pragma omp parallel for schedule(static)
    for (int h = 0; h < s_.heads; ++h) attend(h * s_.head_dim, p.data, mixed.data);
    out_.forward(1, mixed, y, add);
  }

 private:
  /// Norm and rotary position of q (part 0) or k (part 1), in place.
  void prepare(Rows<float> x, int part, int position) {
    const bool full = s_.qk_norm == QkNorm::full;
    const NormShape norm{1, full ? inner_ : s_.head_dim, full ? 1 : s_.heads, eps_};
    if (s_.qk_norm != QkNorm::none) rms_norm_forward(norm, x, norm_[part], x, rstd_.reserve(s_.heads));
    if (s_.position != Position::rope) return;
    while (turned_length_ <= position) {
      turned_length_ = 2 * turned_length_ + 64;
      turns_ = rope_table(turned_length_, s_.head_dim, s_.rope_theta);
    }
    const auto first = turns_.begin() + std::ptrdiff_t{position} * s_.head_dim;
    rope_forward({1, 1, s_.heads, s_.head_dim}, {first, first + s_.head_dim}, x);
  }

  /// out = sum_j softmax_j(q.k_j / sqrt(head_dim)) v_j for the head that begins at column `at`.
  void attend(std::ptrdiff_t at, const float* q, float* out) const {
    const std::size_t length = keys_.size() / static_cast<std::size_t>(inner_);
    std::vector<float> weights(length);
    for (std::size_t j = 0; j < length; ++j) {
      const float* k = keys_.data() + j * inner_ + at;
      for (int i = 0; i < s_.head_dim; ++i) weights[j] += q[at + i] * k[i];
      weights[j] /= std::sqrt(static_cast<float>(s_.head_dim));
    }
    const float top = *std::max_element(weights.begin(), weights.end());
    float total = 0;
    for (float& w : weights) total += w = std::exp(w - top);
    std::fill_n(out + at, s_.head_dim, 0.0f);
    for (std::size_t j = 0; j < length; ++j) {
      const float* v = values_.data() + j * inner_ + at;
      for (int i = 0; i < s_.head_dim; ++i) out[at + i] += weights[j] / total * v[i];
    }
  }

  Attention s_;
  std::string at_;
  float eps_;
  std::ptrdiff_t inner_;
  CpuLinear in_, out_;
  const float* norm_[2] = {};
  std::vector<float> keys_, values_;  // (tokens so far, heads * head_dim)
  std::vector<float> turns_;
  int turned_length_ = 0;
  MatrixBuffer projected_, mixed_;
  Buffer rstd_;
};

}  // namespace

std::unique_ptr<StepMixer> make_attention_step(const Attention& settings, double norm_eps, const std::string& at,
                                               const Weights<float>& layout) {
  return std::make_unique<AttentionStep>(settings, norm_eps, at, layout);
}

}  // namespace separatrix
