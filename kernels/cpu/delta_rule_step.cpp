// The gated delta rule block for one more token: kept are the state of every head and the last inputs of the convolutions.
#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/cpu/buffer.h"
#include "kernels/cpu/decoder.h"
#include "kernels/cpu/linear.h"
#include "kernels/gated_delta_rule/delta.h"
#include "kernels/gated_delta_rule/gates.h"
#include "kernels/gated_delta_rule/output.h"
#include "kernels/short_conv/short_conv.h"

namespace separatrix {
namespace {

class DeltaRuleStep final : public StepMixer {
 public:
  DeltaRuleStep(const GatedDeltaRule& s, const std::string& at, const Weights<float>& layout)
      : s_(s),
        at_(at + "linear_attn."),
        keys_(std::ptrdiff_t{s.key_heads} * s.key_dim),
        values_(std::ptrdiff_t{s.value_heads} * s.value_dim),
        window_rows_(std::max(1, s.conv)),
        in_(layout, at_ + "q_proj.weight", at_ + "b_proj.weight", Precision::fp32),
        out_(layout, at_ + "o_proj.weight", at_ + "o_proj.weight", Precision::fp32),
        window_(static_cast<std::size_t>(window_rows_ * (2 * keys_ + values_))),
        state_(static_cast<std::size_t>(values_ * s.key_dim)),
        next_state_(state_.size()) {}

  void load(const Weights<float>& weights) override {
    const auto tensor = [&](const char* name) { return weights[at_ + name].data(); };
    in_.load(weights);
    out_.load(weights);
    if (s_.conv > 0) conv_ = {tensor("q_conv1d.weight"), tensor("k_conv1d.weight"), tensor("v_conv1d.weight")};
    if (s_.gates == Gates::sigmoid) a_log_ = tensor("A_log"), dt_bias_ = tensor("dt_bias");
    if (s_.output_norm) o_norm_ = tensor("o_norm.weight");
  }

  void forward(const BatchShape&, Rows<const float> x, Rows<const float> add, Rows<float> y) override {
    const Rows<float> p = projected_.reserve(1, in_.out());
    in_.forward(1, x, p);
    const Rows<const float> f = features(p.data);
    const float *z = p.data + 2 * keys_ + values_, *a = z + (s_.output_gate ? values_ : 0), *b = a + s_.value_heads;
    const Rows<float> g = g_.reserve(1, s_.value_heads), beta = beta_.reserve(1, s_.value_heads), o = o_.reserve(1, values_);
    delta_gates_forward({1, 1, s_.value_heads, s_.gates == Gates::sigmoid, s_.neg_eigval}, {a, 0}, {b, 0}, a_log_, dt_bias_, g,
                        beta);
    const DeltaShape shape{1, 1, s_.key_heads, s_.value_heads, s_.key_dim, s_.value_dim};
    const DeltaForm form{s_.scale_query ? 1 / std::sqrt(static_cast<float>(s_.key_dim)) : 1.0f, s_.write == Write::beta, s_.erase};
    delta_forward(shape, form, {f, {f.data + keys_, 0}, {f.data + 2 * keys_, 0}, g, beta, state_.data()}, o, next_state_.data(),
                  nullptr, scratch_.reserve(delta_workspace_size(shape)));
    std::swap(state_, next_state_);
    delta_output_forward(
        {1, 1, s_.value_heads, s_.value_dim, s_.output_norm, s_.output_gate, static_cast<float>(s_.output_norm_eps)}, o, o_norm_,
        {z, 0}, o);
    out_.forward(1, o, y, add);
  }

 private:
  /// q, k, v of this token: the convolutions run over the window that ends with it, and the last row counts.
  Rows<const float> features(const float* projected) {
    const std::ptrdiff_t row = 2 * keys_ + values_;
    std::copy(window_.begin() + row, window_.end(), window_.begin());
    std::copy_n(projected, row, window_.end() - row);
    const Rows<float> f = features_.reserve(window_rows_, row);
    for (int part = 0; part < 3; ++part) {
      const bool unit = part < 2 && s_.keys == Keys::unit;
      const ShortConvShape shape{1,       window_rows_, static_cast<int>(part < 2 ? keys_ : values_),
                                 s_.conv, s_.silu,      unit ? s_.key_dim : 0};
      short_conv_forward(shape, {window_.data() + part * keys_, row}, conv_[part], {f.data + part * keys_, f.stride},
                         scratch_.reserve(short_conv_workspace_size(shape)));
    }
    return {f.row(window_rows_ - 1), f.stride};
  }

  GatedDeltaRule s_;
  std::string at_;
  std::ptrdiff_t keys_, values_;
  int window_rows_;
  CpuLinear in_, out_;
  std::vector<float> window_;              // (conv, 2 keys + values): the last inputs, this token's at the end
  std::vector<float> state_, next_state_;  // (value_heads, key_dim, value_dim)
  std::array<const float*, 3> conv_{};
  const float *a_log_ = nullptr, *dt_bias_ = nullptr, *o_norm_ = nullptr;
  MatrixBuffer projected_, features_, g_, beta_, o_;
  Buffer scratch_;
};

}  // namespace

std::unique_ptr<StepMixer> make_delta_rule_step(const GatedDeltaRule& settings, const std::string& at,
                                                const Weights<float>& layout) {
  return std::make_unique<DeltaRuleStep>(settings, at, layout);
}

}  // namespace separatrix
