// The attention block on the GPU (equations: kernels/cpu/attention.cpp).
#include "kernels/attention/cuda.h"
#include "kernels/attention/rope.h"
#include "kernels/cuda/linear.h"

namespace separatrix::SIMT {
namespace {

/// T: float or bf16, what lies between the kernels.
template <class T>
class DeviceAttention final : public DeviceSublayer {
 public:
  DeviceAttention(DeviceContext& context, const Attention& s, double norm_eps, const std::string& at, const Weights<float>& layout)
      : context_(context),
        s_(s),
        eps_(static_cast<float>(norm_eps)),
        inner_(static_cast<std::ptrdiff_t>(s.heads) * s.head_dim),
        in_(context, layout, at + "self_attn.q_proj.weight", at + "self_attn.v_proj.weight"),
        out_(context, layout, at + "self_attn.o_proj.weight", at + "self_attn.o_proj.weight") {
    if (s.score != Score::softmax) fail("no CUDA kernel for hard attention ({}self_attn); run with --device reference", at);
    if (s.head_dim > 128)
      fail("no CUDA kernel for attention heads of dimension {} (at most 128); run with --device cpu", s.head_dim);
    if (s.qk_norm == QkNorm::none) return;
    norm_[0] = layout.parameter(at + "self_attn.q_norm.weight").offset;
    norm_[1] = layout.parameter(at + "self_attn.k_norm.weight").offset;
  }

  void forward(const BatchShape& shape, const DeviceOperand& x, Rows<float> y, Rows<const float> add) override {
    const std::ptrdiff_t n = shape.tokens();
    const Rows<T> p = projected_.rows(context_, n, 3 * inner_), out = mixed_.rows(context_, n, inner_);
    in_.forward(x, p);
    for (int part = 0; part < 2; ++part) prepare(shape, part);
    attention_version<T>().forward(context_.stream(), attention_shape(shape), prepared(0), prepared(1), part_of(p, 2), out,
                                   lse_.reserve(context_, static_cast<std::size_t>(n) * s_.heads));
    out_.forward(operand_of(n, inner_, out), y, add);
  }

  void backward(const BatchShape& shape, const DeviceOperand& dy, Rows<float> dx, bool accumulate) override {
    const std::ptrdiff_t n = shape.tokens();
    const Rows<T> d_out = d_mixed_.rows(context_, n, inner_), d_p = d_projected_.rows(context_, n, 3 * inner_);
    const Rows<const T> p = projected_.rows();
    float* scratch = scratch_.reserve(context_, sums_scratch_size(static_cast<std::size_t>(inner_)));
    out_.backward(dy, d_out, false);
    attention_version<T>().backward(
        context_.stream(), attention_shape(shape), {prepared(0), prepared(1), part_of(p, 2), mixed_.rows(), lse_.data()}, d_out,
        row_dots_.reserve(context_, static_cast<std::size_t>(n) * s_.heads), part_of(d_p, 0), part_of(d_p, 1), part_of(d_p, 2));
    for (int part = 0; part < 2; ++part) {
      if (s_.position == Position::rope) rope(context_.stream(), attention_shape(shape), turns_.data(), -1, part_of(d_p, part));
      if (s_.qk_norm != QkNorm::none)
        rms_norm_backward(context_.stream(), norm_shape(n), part_of(d_p, part), part_of(p, part), context_.weights + norm_[part],
                          rstd_[part].data(), part_of(d_p, part), context_.gradient + norm_[part], scratch);
    }
    in_.backward(operand_of(n, in_.out(), d_p), dx, accumulate);
  }

 private:
  /// Part 0: q, 1: k, 2: v of a projection (tokens, 3 * inner).
  template <class X>
  Rows<X> part_of(Rows<X> x, int part) const {
    return {x.data + part * inner_, x.stride};
  }
  Rows<T> prepared(int part) { return prepared_[part].rows(); }

  /// Norm and rotary positions of q or k, into a buffer of its own: the backward pass needs both sides.
  void prepare(const BatchShape& shape, int part) {
    const std::ptrdiff_t n = shape.tokens();
    const Rows<const T> x = part_of(Rows<const T>(projected_.rows()), part);
    const Rows<T> y = prepared_[part].rows(context_, n, inner_);
    const NormShape norm = norm_shape(n);
    if (s_.qk_norm == QkNorm::none)
      copy_rows(context_.stream(), n, inner_, x, y);
    else
      rms_norm_forward(context_.stream(), norm, x, context_.weights + norm_[part], y,
                       rstd_[part].reserve(context_, static_cast<std::size_t>(n * norm.groups)));
    if (s_.position != Position::rope) return;
    if (turned_length_ < shape.length) {
      turns_ = DeviceArray<float>(rope_table(shape.length, s_.head_dim, s_.rope_theta));
      turned_length_ = shape.length;
      ++context_.moves;
    }
    rope(context_.stream(), attention_shape(shape), turns_.data(), 1, y);
  }

  AttentionShape attention_shape(const BatchShape& b) const { return {b.batch, b.length, s_.heads, s_.head_dim}; }
  NormShape norm_shape(std::ptrdiff_t n) const {
    return s_.qk_norm == QkNorm::full ? NormShape{n, inner_, 1, eps_} : NormShape{n, s_.head_dim, s_.heads, eps_};
  }

  DeviceContext& context_;
  Attention s_;
  float eps_;
  std::ptrdiff_t inner_;
  DeviceLinear in_, out_;
  std::size_t norm_[2] = {};
  DeviceArray<float> turns_;
  int turned_length_ = 0;
  DeviceBuffer<T> projected_, prepared_[2], mixed_, d_mixed_, d_projected_;
  DeviceBuffer<float> rstd_[2], lse_, row_dots_, scratch_;
};

}  // namespace

std::unique_ptr<DeviceSublayer> make_attention(DeviceContext& context, const Attention& settings, double norm_eps,
                                               const std::string& at, const Weights<float>& layout) {
  return for_activations(context.precision, [&](auto t) -> std::unique_ptr<DeviceSublayer> {
    return std::make_unique<DeviceAttention<decltype(t)>>(context, settings, norm_eps, at, layout);
  });
}

}  // namespace separatrix::SIMT
