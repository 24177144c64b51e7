// The gated delta rule block on the CPU, forward and backward:
//   q k v z a b = W x (one product)   q k v <- SiLU(conv), unit q k   g, beta from a, b   o = delta rule   y = W_o (norm(o)
//   SiLU(z))
#include <array>
#include <cmath>
#include <vector>

#include "kernels/cpu/buffer.h"
#include "kernels/cpu/linear.h"
#include "kernels/cpu/sequences.h"
#include "kernels/cpu/sublayer.h"
#include "kernels/gated_delta_rule/delta.h"
#include "kernels/gated_delta_rule/gates.h"
#include "kernels/gated_delta_rule/output.h"
#include "kernels/matmul/bf16.h"
#include "kernels/sequence_sums.h"
#include "kernels/short_conv/short_conv.h"

namespace separatrix {
namespace {

/// Columns [first, ...) of a matrix.
template <class T>
Rows<T> columns(Rows<T> x, std::ptrdiff_t first) {
  return {x.data + first, x.stride};
}

/// The gradients of the small weights, of every sequence of a batch by itself.
struct SequenceGradients {
  std::array<Buffer, 3> conv;       // (batch, channels, width)
  Buffer o_norm;                    // (batch, value_dim)
  std::vector<double> a_log, bias;  // (batch, value_heads)
};

/// What one thread needs between the kernels of its sequence.
struct DeltaRuleScratch {
  MatrixBuffer gated, d_projected, d_features, d_o;
  Buffer kernel;
};

class CpuDeltaRule final : public Sublayer {
 public:
  CpuDeltaRule(const GatedDeltaRule& s, const std::string& at, const Weights<float>& layout, Precision precision)
      : s_(s),
        bf16_(precision == Precision::bf16),
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
    projected_.reserve(n, in_.out(), in_.precision());
    features_.reserve(n, 2 * keys_ + values_);
    g_.reserve(n, s_.value_heads);
    beta_.reserve(n, s_.value_heads);
    o_.reserve(n, values_);
    saved_.reserve(shape.batch * saved_size(shape));
    scratch_.resize(static_cast<std::size_t>(threads()));
    in_.start(n, x);
    bf16_ ? out_.start_rounded(n) : out_.start(n, gated_.reserve(n, values_));
    for_sequences(shape, [&](const SequenceRun& run) {
      const TokenBlock b = run.tokens();
      in_.forward(b, here(projected_, b));
      mix(run);
      out_.forward(b, from_row(y, b.first), from_row(add, b.first));
    });
  }

  void backward(const BatchShape& shape, Rows<const float> dy, Rows<float> dx, bool accumulate, Weights<float>& gradient) override {
    const std::ptrdiff_t n = shape.tokens();
    reserve_sums(shape.batch);
    out_.start_gradient(n, dy);
    bf16_ ? in_.start_rounded_gradient(n) : in_.start_gradient(n, d_projected_.reserve(n, in_.out()));
    for_sequences(shape, [&](const SequenceRun& run) {
      const TokenBlock b = run.tokens();
      const Rows<float> d_o = scratch_[run.thread].d_o.reserve(b.count, values_, out_.precision());
      out_.backward(b, d_o, false);
      mix_backward(run, d_o);
      in_.backward(b, from_row(dx, b.first), accumulate);
    });
    add_sums(shape.batch, gradient.values().data());
    out_.add_gradient(gradient);
    in_.add_gradient(gradient);
  }

 private:
  /// From the projections of some sequences to what the output projection reads.
  void mix(const SequenceRun& run) {
    const TokenBlock b = run.tokens();
    DeltaRuleScratch& mine = scratch_[run.thread];
    const Rows<float> p = here(projected_, b), f = here(features_, b), o = here(o_, b);
    for (int part = 0; part < 3; ++part) {
      const ShortConvShape conv = conv_shape(run.shape, part);
      short_conv_forward(conv, columns(p, part * keys_), conv_weight(part), columns(f, part * keys_),
                         mine.kernel.reserve(short_conv_workspace_size(conv)));
    }
    delta_gates_forward(gates_shape(run.shape), columns(p, a_at()), columns(p, b_at()), weights_ + a_log_, weights_ + dt_bias_,
                        here(g_, b), here(beta_, b));
    const DeltaShape delta = delta_shape(run.shape);
    delta_forward(delta, form(), delta_input(b), o, nullptr, saved(run), mine.kernel.reserve(delta_workspace_size(delta)));
    const Rows<float> gated = bf16_ ? mine.gated.reserve(b.count, values_) : here(gated_, b);
    delta_output_forward(output_shape(run.shape), o, weights_ + o_norm_, columns(p, z_at()), gated);
    if (bf16_) to_bf16(b.count, values_, gated, out_.rounded(b.first));
  }

  /// From the gradient of the gated output (it is written over) to that of the projections.
  void mix_backward(const SequenceRun& run, Rows<float> d_o) {
    const TokenBlock b = run.tokens();
    DeltaRuleScratch& mine = scratch_[run.thread];
    const Rows<float> p = here(projected_, b), d_f = mine.d_features.reserve(b.count, 2 * keys_ + values_);
    const Rows<float> d_p = bf16_ ? mine.d_projected.reserve(b.count, in_.out()) : here(d_projected_, b);
    const Rows<float> d_g = columns(d_p, a_at()), d_beta = columns(d_p, b_at());
    const DeltaOutputShape output = output_shape(run.shape);
    delta_output_backward(output, here(o_, b), weights_ + o_norm_, columns(p, z_at()), d_o, d_o,
                          sums_.o_norm.data() + run.first * s_.value_dim, columns(d_p, z_at()),
                          mine.kernel.reserve(delta_output_workspace_size(output)));
    const DeltaShape delta = delta_shape(run.shape);
    delta_backward(delta, form(), delta_input(b), saved(run), d_o, nullptr,
                   {d_f, columns(d_f, keys_), columns(d_f, 2 * keys_), d_g, d_beta, nullptr},
                   mine.kernel.reserve(delta_workspace_size(delta)));
    delta_gates_backward(gates_shape(run.shape), columns(p, a_at()), columns(p, b_at()), weights_ + a_log_, weights_ + dt_bias_,
                         d_g, d_beta, d_g, d_beta, sums_.a_log.data() + run.first * s_.value_heads,
                         sums_.bias.data() + run.first * s_.value_heads);
    for (int part = 0; part < 3; ++part) {
      const ShortConvShape conv = conv_shape(run.shape, part);
      short_conv_backward(conv, columns(p, part * keys_), conv_weight(part), columns(d_f, part * keys_), columns(d_p, part * keys_),
                          sums_.conv[part].data() + run.first * conv_size(part),
                          mine.kernel.reserve(short_conv_workspace_size(conv)));
    }
    if (bf16_) to_bf16(b.count, in_.out(), d_p, in_.rounded_gradient(b.first));
  }

  void reserve_sums(int batch) {
    for (int part = 0; part < 3; ++part) sums_.conv[part].reserve(batch * conv_size(part));
    sums_.o_norm.reserve(std::size_t{1} * batch * s_.value_dim);
    sums_.a_log.resize(std::size_t{1} * batch * s_.value_heads);
    sums_.bias.resize(sums_.a_log.size());
  }
  void add_sums(int batch, float* gradient) const {
    for (int part = 0; part < 3 && s_.conv > 0; ++part)
      add_sequences(batch, conv_size(part), sums_.conv[part].data(), gradient + conv_[part]);
    if (s_.output_norm) add_sequences(batch, s_.value_dim, sums_.o_norm.data(), gradient + o_norm_);
    if (s_.gates != Gates::sigmoid) return;
    add_sequences(batch, s_.value_heads, sums_.a_log.data(), gradient + a_log_);
    add_sequences(batch, s_.value_heads, sums_.bias.data(), gradient + dt_bias_);
  }

  static Rows<float> here(const MatrixBuffer& x, const TokenBlock& b) { return from_row(x.rows(), b.first); }

  // Columns of the projection: q k v [z] a b.
  std::ptrdiff_t z_at() const { return 2 * keys_ + values_; }
  std::ptrdiff_t a_at() const { return z_at() + (s_.output_gate ? values_ : 0); }
  std::ptrdiff_t b_at() const { return a_at() + s_.value_heads; }

  DeltaShape delta_shape(const BatchShape& b) const {
    return {b.batch, b.length, s_.key_heads, s_.value_heads, s_.key_dim, s_.value_dim};
  }
  std::size_t saved_size(const BatchShape& b) const { return delta_saved_size(delta_shape({1, b.length})); }
  float* saved(const SequenceRun& run) const { return saved_.data() + run.first * saved_size(run.shape); }
  DeltaForm form() const {
    return {s_.scale_query ? 1 / std::sqrt(static_cast<float>(s_.key_dim)) : 1.0f, s_.write == Write::beta, s_.erase};
  }
  DeltaInput delta_input(const TokenBlock& b) const {
    const Rows<const float> f = here(features_, b);
    return {f, columns(f, keys_), columns(f, 2 * keys_), here(g_, b), here(beta_, b), nullptr};
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
  std::ptrdiff_t conv_size(int part) const { return (part < 2 ? keys_ : values_) * s_.conv; }
  const float* conv_weight(int part) const { return s_.conv > 0 ? weights_ + conv_[part] : nullptr; }

  GatedDeltaRule s_;
  bool bf16_;  // what a projection reads is rounded as it comes, and its floats are the thread's own
  std::ptrdiff_t keys_, values_;
  CpuLinear in_, out_;
  std::array<std::size_t, 3> conv_{};
  std::size_t a_log_ = 0, dt_bias_ = 0, o_norm_ = 0;
  const float* weights_ = nullptr;
  MatrixBuffer projected_, features_, g_, beta_, o_, gated_, d_projected_;
  Buffer saved_;
  SequenceGradients sums_;
  std::vector<DeltaRuleScratch> scratch_;  // of every thread
};

}  // namespace

std::unique_ptr<Sublayer> make_cpu_delta_rule(const GatedDeltaRule& settings, const std::string& at, const Weights<float>& layout,
                                              Precision precision) {
  return std::make_unique<CpuDeltaRule>(settings, at, layout, precision);
}

}  // namespace separatrix
