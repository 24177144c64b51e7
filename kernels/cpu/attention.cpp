// The attention block on the CPU, forward and backward:
//   q k v = W x (one product)   q k <- norm, rotary positions   out = causal softmax attention   y = W_o out
#include "kernels/attention/attention.h"

#include <algorithm>

#include "kernels/attention/rope.h"
#include "kernels/cpu/buffer.h"
#include "kernels/cpu/linear.h"
#include "kernels/cpu/sublayer.h"
#include "kernels/isa.h"
#include "kernels/norm/norm.h"

namespace separatrix {
namespace {

class CpuAttention final : public Sublayer {
 public:
  CpuAttention(const Attention& s, double norm_eps, const std::string& at, const Weights<float>& layout, Precision precision)
      : s_(s),
        eps_(static_cast<float>(norm_eps)),
        operands_(precision == Precision::bf16 && bf16_pairs_are_faster() ? Precision::bf16 : Precision::fp32),
        inner_(static_cast<std::ptrdiff_t>(s.heads) * s.head_dim),
        in_(layout, at + "self_attn.q_proj.weight", at + "self_attn.v_proj.weight", precision),
        out_(layout, at + "self_attn.o_proj.weight", at + "self_attn.o_proj.weight", precision) {
    if (s.score != Score::softmax) fail("no CPU kernel for hard attention ({}self_attn); run with --device reference", at);
    if (s.qk_norm == QkNorm::none) return;
    norm_[0] = layout.parameter(at + "self_attn.q_norm.weight").offset;
    norm_[1] = layout.parameter(at + "self_attn.k_norm.weight").offset;
  }

  void load(const Weights<float>& weights) override {
    weights_ = weights.values().data();
    in_.load(weights);
    out_.load(weights);
  }

  void forward(const BatchShape& shape, Rows<const float> x, Rows<const float> add, Rows<float> y) override {
    const std::ptrdiff_t n = shape.tokens();
    const Rows<float> p = projected_.reserve(n, 3 * inner_, in_.precision()), out = mixed_.reserve(n, inner_);
    in_.forward(n, x, p);
    for (int part = 0; part < 2; ++part) prepare(shape, part);
    attention_forward(attention_shape(shape), prepared(0), prepared(1), part_of(p, 2), out,
                      lse_.reserve(static_cast<std::size_t>(n) * s_.heads), operands_);
    out_.forward(n, out, y, add);
  }

  void backward(const BatchShape& shape, Rows<const float> dy, Rows<float> dx, bool accumulate, Weights<float>& gradient) override {
    const std::ptrdiff_t n = shape.tokens();
    const Rows<float> d_out = d_mixed_.reserve(n, inner_, out_.precision()),
                      d_p = d_projected_.reserve(n, 3 * inner_, in_.precision());
    const Rows<const float> p = projected_.rows();
    out_.backward(n, dy, d_out, false, gradient);
    attention_backward(attention_shape(shape), {prepared(0), prepared(1), part_of(p, 2), mixed_.rows(), lse_.data()}, d_out,
                       part_of(d_p, 0), part_of(d_p, 1), part_of(d_p, 2), operands_);
    for (int part = 0; part < 2; ++part) {
      if (s_.position == Position::rope) rope_backward(attention_shape(shape), turns_, part_of(d_p, part));
      if (s_.qk_norm != QkNorm::none)
        rms_norm_backward(norm_shape(n), part_of(d_p, part), part_of(p, part), weights_ + norm_[part], rstd_[part].data(),
                          part_of(d_p, part), gradient.values().data() + norm_[part]);
    }
    in_.backward(n, d_p, dx, accumulate, gradient);
  }

 private:
  /// Part 0: q, 1: k, 2: v of a projection (tokens, 3 * inner).
  template <class T>
  Rows<T> part_of(Rows<T> x, int part) const {
    return {x.data + part * inner_, x.stride};
  }
  Rows<float> prepared(int part) { return prepared_[part].rows(); }

  /// Norm and rotary positions of q or k, into a buffer of its own: the backward pass needs both sides.
  void prepare(const BatchShape& shape, int part) {
    const std::ptrdiff_t n = shape.tokens();
    const Rows<const float> x = part_of(projected_.rows(), part);
    const Rows<float> y = prepared_[part].reserve(n, inner_);
    if (s_.qk_norm == QkNorm::none) {
      for (std::ptrdiff_t i = 0; i < n; ++i) std::copy_n(x.row(i), inner_, y.row(i));
    } else {
      const NormShape norm = norm_shape(n);
      rms_norm_forward(norm, x, weights_ + norm_[part], y, rstd_[part].reserve(static_cast<std::size_t>(n * norm.groups)));
    }
    if (s_.position != Position::rope) return;
    if (turned_length_ < shape.length) {
      turns_ = rope_table(shape.length, s_.head_dim, s_.rope_theta);
      turned_length_ = shape.length;
    }
    rope_forward(attention_shape(shape), turns_, y);
  }

  AttentionShape attention_shape(const BatchShape& b) const { return {b.batch, b.length, s_.heads, s_.head_dim}; }
  NormShape norm_shape(std::ptrdiff_t n) const {
    return s_.qk_norm == QkNorm::full ? NormShape{n, inner_, 1, eps_} : NormShape{n, s_.head_dim, s_.heads, eps_};
  }

  Attention s_;
  float eps_;
  Precision operands_;  // of the products between tokens; bf16 only where that is the faster for them too
  std::ptrdiff_t inner_;
  CpuLinear in_, out_;
  std::size_t norm_[2] = {};
  const float* weights_ = nullptr;
  std::vector<float> turns_;
  int turned_length_ = 0;
  MatrixBuffer projected_, prepared_[2], mixed_, d_mixed_, d_projected_;
  Buffer rstd_[2], lse_;
};

}  // namespace

std::unique_ptr<Sublayer> make_cpu_attention(const Attention& settings, double norm_eps, const std::string& at,
                                             const Weights<float>& layout, Precision precision) {
  return std::make_unique<CpuAttention>(settings, norm_eps, at, layout, precision);
}

}  // namespace separatrix
