// The gated delta rule block on the GPU (equations: kernels/cpu/delta_rule.cpp); the unit norm of q and k is folded into the rule.
#include <cmath>

#include "kernels/cuda/linear.h"
#include "kernels/gated_delta_rule/cuda.h"

namespace separatrix::SIMT {
namespace {

/// Columns [first, ...) of a matrix.
template <class T>
Rows<T> columns(Rows<T> x, std::ptrdiff_t first) {
  return {x.data + first, x.stride};
}

/// T: float or bf16, what lies between the kernels.
template <class T>
class DeviceDeltaRule final : public DeviceSublayer {
 public:
  DeviceDeltaRule(DeviceContext& context, const GatedDeltaRule& s, const std::string& at, const Weights<float>& layout)
      : context_(context),
        s_(s),
        keys_(static_cast<std::ptrdiff_t>(s.key_heads) * s.key_dim),
        values_(static_cast<std::ptrdiff_t>(s.value_heads) * s.value_dim),
        in_(context, layout, at + "linear_attn.q_proj.weight", at + "linear_attn.b_proj.weight"),
        out_(context, layout, at + "linear_attn.o_proj.weight", at + "linear_attn.o_proj.weight") {
    const auto offset = [&](const char* name) { return layout.parameter(at + "linear_attn." + name).offset; };
    if (s.conv > 0) conv_ = offset("q_conv1d.weight");
    if (s.gates == Gates::sigmoid) a_log_ = offset("A_log"), dt_bias_ = offset("dt_bias");
    if (s.output_norm) o_norm_ = offset("o_norm.weight");
    check_delta(sizes({1, 1}));
  }

  void forward(const BatchShape& shape, const DeviceOperand& x, Rows<float> y, Rows<const float> add) override {
    const std::ptrdiff_t n = shape.tokens();
    const Stream stream = context_.stream();
    const float* w = context_.weights;
    const Rows<T> p = projected_.rows(context_, n, in_.out()), f = features_.rows(context_, n, 2 * keys_ + values_);
    in_.forward(x, p);
    short_conv_forward(stream, conv_shape(shape), p, w + conv_, f);
    const Rows<float> g = g_.rows(context_, n, s_.value_heads), beta = beta_.rows(context_, n, s_.value_heads);
    delta_gates_forward<T>(stream, gates_shape(shape), columns(p, a_at()), columns(p, b_at()), w + a_log_, w + dt_bias_, g, beta);
    const DeltaSizes delta = sizes(shape);
    const Rows<T> o = o_.rows(context_, n, values_), gated = gated_.rows(context_, n, values_);
    const DeltaVersion<T>& version = delta_version<T>(delta, options());
    version.forward(stream, delta, options(), arguments(), o, nullptr, saved_.reserve(context_, version.saved_size(delta)));
    delta_output_forward(stream, output_shape(shape), o, w + o_norm_, columns(p, z_at()), gated);
    out_.forward(operand_of(n, values_, gated), y, add);
  }

  void backward(const BatchShape& shape, const DeviceOperand& dy, Rows<float> dx, bool accumulate) override {
    const std::ptrdiff_t n = shape.tokens();
    const Stream stream = context_.stream();
    const float* w = context_.weights;
    float* d_w = context_.gradient;
    const Rows<T> p = projected_.rows(), d_p = d_projected_.rows(context_, n, in_.out());
    const Rows<T> d_f = d_features_.rows(context_, n, 2 * keys_ + values_), d_o = d_o_.rows(context_, n, values_);
    const Rows<T> d_gated = d_gated_.rows(context_, n, values_);
    const Rows<float> d_g = d_g_.rows(context_, n, s_.value_heads), d_beta = d_beta_.rows(context_, n, s_.value_heads);
    const DeltaSizes delta = sizes(shape);
    float* scratch = scratch_.reserve(context_, scratch_size(shape));
    out_.backward(dy, d_gated, false);
    delta_output_backward(stream, output_shape(shape), o_.rows(), w + o_norm_, columns(p, z_at()), d_gated, d_o, d_w + o_norm_,
                          columns(d_p, z_at()), scratch);
    delta_version<T>(delta, options())
        .backward(stream, delta, options(), arguments(), saved_.data(), d_o, nullptr,
                  {d_f, columns(d_f, keys_), columns(d_f, 2 * keys_), d_g, d_beta, nullptr}, scratch);
    delta_gates_backward(stream, gates_shape(shape), columns(p, a_at()), columns(p, b_at()), w + a_log_, w + dt_bias_, d_g, d_beta,
                         columns(d_p, a_at()), columns(d_p, b_at()), d_w + a_log_, d_w + dt_bias_, scratch);
    short_conv_backward(stream, conv_shape(shape), p, w + conv_, d_f, d_p, d_w + conv_, scratch);
    in_.backward(operand_of(n, in_.out(), d_p), dx, accumulate);
  }

 private:
  // Columns of the projection: q k v [z] a b.
  std::ptrdiff_t z_at() const { return 2 * keys_ + values_; }
  std::ptrdiff_t a_at() const { return z_at() + (s_.output_gate ? values_ : 0); }
  std::ptrdiff_t b_at() const { return a_at() + s_.value_heads; }

  DeltaSizes sizes(const BatchShape& b) const {
    return {b.batch, b.length, nullptr, static_cast<int>(b.tokens()), s_.key_heads, s_.value_heads, s_.key_dim, s_.value_dim};
  }
  DeltaOptions options() const {
    return {s_.scale_query ? 1 / std::sqrt(static_cast<float>(s_.key_dim)) : 1.0f, s_.write == Write::beta, s_.keys == Keys::unit,
            s_.gates == Gates::direct};
  }
  DeltaArguments<T> arguments() const {
    const Rows<const T> f = features_.rows();
    return {f, columns(f, keys_), columns(f, 2 * keys_), g_.rows(), beta_.rows(), nullptr};
  }
  DeltaGatesShape gates_shape(const BatchShape& b) const {
    return {b.batch, b.length, s_.value_heads, s_.gates == Gates::sigmoid, s_.neg_eigval};
  }
  DeltaOutputShape output_shape(const BatchShape& b) const {
    return {
        b.batch, b.length, s_.value_heads, s_.value_dim, s_.output_norm, s_.output_gate, static_cast<float>(s_.output_norm_eps)};
  }
  /// q, k and v at once: their filters are neighbours in the layout.
  ShortConvShape conv_shape(const BatchShape& b) const {
    return {b.batch, b.length, static_cast<int>(2 * keys_ + values_), s_.conv, s_.silu, 0};
  }
  /// The most that one of the backward kernels needs.
  std::size_t scratch_size(const BatchShape& b) const {
    const auto n = static_cast<std::size_t>(b.tokens());
    return std::max({delta_version<T>(sizes(b), options()).scratch_size(sizes(b)), short_conv_scratch_size(conv_shape(b)),
                     n * s_.value_heads + sums_scratch_size(s_.value_dim), sums_scratch_size(2 * s_.value_heads)});
  }

  DeviceContext& context_;
  GatedDeltaRule s_;
  std::ptrdiff_t keys_, values_;
  DeviceLinear in_, out_;
  std::size_t conv_ = 0, a_log_ = 0, dt_bias_ = 0, o_norm_ = 0;
  DeviceBuffer<T> projected_, features_, o_, gated_, d_projected_, d_features_, d_o_, d_gated_;
  DeviceBuffer<float> g_, beta_, saved_, scratch_, d_g_, d_beta_;
};

}  // namespace

std::unique_ptr<DeviceSublayer> make_delta_rule(DeviceContext& context, const GatedDeltaRule& settings, const std::string& at,
                                                const Weights<float>& layout) {
  return for_activations(context.precision, [&](auto t) -> std::unique_ptr<DeviceSublayer> {
    return std::make_unique<DeviceDeltaRule<decltype(t)>>(context, settings, at, layout);
  });
}

}  // namespace separatrix::SIMT
