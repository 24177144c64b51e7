// The gated delta rule block on the CPU, forward and backward:
//   q k v z a b = W x (one product)   q k v <- SiLU(conv), unit q k   g, beta from a, b   o = delta rule   y = W_o (norm(o)
//   SiLU(z))
#include <array>
#include <cmath>

#include "kernels/cpu/buffer.h"
#include "kernels/cpu/linear.h"
#include "kernels/cpu/sublayer.h"
#include "kernels/gated_delta_rule/delta.h"
#include "kernels/gated_delta_rule/gates.h"
#include "kernels/gated_delta_rule/output.h"
#include "kernels/short_conv/short_conv.h"

namespace separatrix {
namespace {

/// Columns [first, ...) of a matrix.
template <class T>
Rows<T> columns(Rows<T> x, std::ptrdiff_t first) {
  return {x.data + first, x.stride};
}

class CpuDeltaRule final : public Sublayer {
 public:
  CpuDeltaRule(const GatedDeltaRule& s, const std::string& at, const Weights<float>& layout, Precision precision)
      : s_(s),
        keys_(static_cast<std::ptrdiff_t>(s.key_heads) * s.key_dim),
        values_(static_cast<std::ptrdiff_t>(s.value_heads) * s.value_dim),
        in_(layout, at + "linear_attn.q_proj.weight", at + "linear_attn.b_proj.weight", precision),
        out_(layout, at + "linear_attn.o_proj.weight", at + "linear_attn.o_proj.weight", precision) {
    const auto offset = [&](const char* name) { return layout.parameter(at + "linear_attn." + name).offset; };
    if (s.conv > 0) conv_ = {offset("q_conv1d.weight"), offset("k_conv1d.weight"), offset("v_conv1d.weight")};
    if (s.gates == Gates::sigmoid) a_log_ = offset("A_log"), dt_bias_ = offset("dt_bias");
    if (s.output_norm) o_norm_ = offset("o_norm.weight");
  }

  void load(const Weights<float>& weights) override {
    weights_ = weights.values().data();
    in_.load(weights);
    out_.load(weights);
  }

  void forward(const BatchShape& shape, Rows<const float> x, Rows<const float> add, Rows<float> y) override {
    const std::ptrdiff_t n = shape.tokens();
    const Rows<float> p = projected_.reserve(n, in_.out(), in_.precision()), f = features_.reserve(n, 2 * keys_ + values_);
    in_.forward(n, x, p);
    for (int part = 0; part < 3; ++part) {
      const ShortConvShape conv = conv_shape(shape, part);
      short_conv_forward(conv, columns(p, part * keys_), conv_weight(part), columns(f, part * keys_),
                         scratch_.reserve(short_conv_workspace_size(conv)));
    }
    const Rows<float> g = g_.reserve(n, s_.value_heads), beta = beta_.reserve(n, s_.value_heads);
    delta_gates_forward(gates_shape(shape), columns(p, a_at()), columns(p, b_at()), weights_ + a_log_, weights_ + dt_bias_, g,
                        beta);
    const DeltaShape delta = delta_shape(shape);
    const Rows<float> o = o_.reserve(n, values_), gated = gated_.reserve(n, values_);
    delta_forward(delta, form(), delta_input(), o, nullptr, saved_.reserve(delta_saved_size(delta)),
                  scratch_.reserve(delta_workspace_size(delta)));
    delta_output_forward(output_shape(shape), o, weights_ + o_norm_, columns(p, z_at()), gated);
    out_.forward(n, gated, y, add);
  }

  void backward(const BatchShape& shape, Rows<const float> dy, Rows<float> dx, bool accumulate, Weights<float>& gradient) override {
    const std::ptrdiff_t n = shape.tokens();
    float* d_weights = gradient.values().data();
    const Rows<float> p = projected_.rows(), d_p = d_projected_.reserve(n, in_.out(), in_.precision());
    const Rows<float> d_f = d_features_.reserve(n, 2 * keys_ + values_), d_o = d_o_.reserve(n, values_, out_.precision());
    const Rows<float> d_g = columns(d_p, a_at()), d_beta = columns(d_p, b_at());
    out_.backward(n, dy, d_o, false, gradient);
    const DeltaOutputShape output = output_shape(shape);
    delta_output_backward(output, o_.rows(), weights_ + o_norm_, columns(p, z_at()), d_o, d_o, d_weights + o_norm_,
                          columns(d_p, z_at()), scratch_.reserve(delta_output_workspace_size(output)));
    const DeltaShape delta = delta_shape(shape);
    delta_backward(delta, form(), delta_input(), saved_.data(), d_o, nullptr,
                   {d_f, columns(d_f, keys_), columns(d_f, 2 * keys_), d_g, d_beta, nullptr},
                   scratch_.reserve(delta_workspace_size(delta)));
    delta_gates_backward(gates_shape(shape), columns(p, a_at()), columns(p, b_at()), weights_ + a_log_, weights_ + dt_bias_, d_g,
                         d_beta, d_g, d_beta, d_weights + a_log_, d_weights + dt_bias_);
    for (int part = 0; part < 3; ++part) {
      const ShortConvShape conv = conv_shape(shape, part);
      short_conv_backward(conv, columns(p, part * keys_), conv_weight(part), columns(d_f, part * keys_), columns(d_p, part * keys_),
                          s_.conv > 0 ? d_weights + conv_[part] : nullptr, scratch_.reserve(short_conv_workspace_size(conv)));
    }
    in_.backward(n, d_p, dx, accumulate, gradient);
  }

 private:
  // Columns of the projection: q k v [z] a b.
  std::ptrdiff_t z_at() const { return 2 * keys_ + values_; }
  std::ptrdiff_t a_at() const { return z_at() + (s_.output_gate ? values_ : 0); }
  std::ptrdiff_t b_at() const { return a_at() + s_.value_heads; }

  DeltaShape delta_shape(const BatchShape& b) const {
    return {b.batch, b.length, s_.key_heads, s_.value_heads, s_.key_dim, s_.value_dim};
  }
  DeltaForm form() const {
    return {s_.scale_query ? 1 / std::sqrt(static_cast<float>(s_.key_dim)) : 1.0f, s_.write == Write::beta};
  }
  DeltaInput delta_input() const {
    const Rows<const float> f = features_.rows();
    return {f, columns(f, keys_), columns(f, 2 * keys_), g_.rows(), beta_.rows(), nullptr};
  }
  DeltaGatesShape gates_shape(const BatchShape& b) const {
    return {b.batch, b.length, s_.value_heads, s_.gates == Gates::sigmoid, s_.neg_eigval};
  }
  DeltaOutputShape output_shape(const BatchShape& b) const {
    return {
        b.batch, b.length, s_.value_heads, s_.value_dim, s_.output_norm, s_.output_gate, static_cast<float>(s_.output_norm_eps)};
  }
  /// part 0: q, 1: k, 2: v.
  ShortConvShape conv_shape(const BatchShape& b, int part) const {
    const bool unit = part < 2 && s_.keys == Keys::unit;
    return {b.batch, b.length, static_cast<int>(part < 2 ? keys_ : values_), s_.conv, s_.silu, unit ? s_.key_dim : 0};
  }
  const float* conv_weight(int part) const { return s_.conv > 0 ? weights_ + conv_[part] : nullptr; }

  GatedDeltaRule s_;
  std::ptrdiff_t keys_, values_;
  CpuLinear in_, out_;
  std::array<std::size_t, 3> conv_{};
  std::size_t a_log_ = 0, dt_bias_ = 0, o_norm_ = 0;
  const float* weights_ = nullptr;
  MatrixBuffer projected_, features_, g_, beta_, o_, gated_, d_projected_, d_features_, d_o_;
  Buffer saved_, scratch_;
};

}  // namespace

std::unique_ptr<Sublayer> make_cpu_delta_rule(const GatedDeltaRule& settings, const std::string& at, const Weights<float>& layout,
                                              Precision precision) {
  return std::make_unique<CpuDeltaRule>(settings, at, layout, precision);
}

}  // namespace separatrix
