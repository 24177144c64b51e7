// y = x W^T for a run of neighbouring projections that read the same x (q k v g a b, or gate up): one matrix product.
//
// A sublayer goes through its tokens block by block (blocks.h): start(...) announces all rows of x, or of dy, then forward(block)
// or backward(block) take some of them, on any thread.  What backward needs of x is kept; the weight's gradient is one product over
// all rows, at the end.
#pragma once
#include <string>

#include "kernels/cpu/blocks.h"
#include "kernels/cpu/buffer.h"
#include "kernels/matmul/linear.h"
#include "models/weights.h"

namespace separatrix {

class CpuLinear {
 public:
  CpuLinear() = default;
  /// The projections from `first` to `last`, neighbours in the layout.
  CpuLinear(const Weights<float>& layout, const std::string& first, const std::string& last, Precision precision)
      : offset_(layout.parameter(first).offset), in_(layout.parameter(first).shape[1]), precision_(precision) {
    const Parameter& end = layout.parameter(last);
    out_ = static_cast<std::ptrdiff_t>(end.offset + end.size - offset_) / in_;
  }

  std::ptrdiff_t in() const { return in_; }
  std::ptrdiff_t out() const { return out_; }
  Precision precision() const { return precision_; }

  /// Takes the weights of this step.
  void load(const Weights<float>& w) { weight_.load(out_, in_, {w.values().data() + offset_, in_}, precision_); }

  /// x (n, in); its rows may be written until forward reads them, and must stay unchanged until the backward pass.
  void start(std::ptrdiff_t n, Rows<const float> x) {
    order_forward(n);
    x_.start(n, in_, x, precision_);
  }
  /// y = x W^T + add (add.data null: nothing) for the rows of a block; y and add start with the first of them.
  void forward(const TokenBlock& b, Rows<float> y, Rows<const float> add = {}) {
    x_.round(b.first, b.count);
    for (std::ptrdiff_t i = 0; add.data && i < b.count; ++i) std::copy_n(add.row(i), out_, y.row(i));
    weight_.forward(x_.factor().part_rows(b.first, b.count), y, add.data != nullptr);
  }

  /// bf16 only: x comes rounded.  Room for its rows (n, in), then the place of row i.
  void start_rounded(std::ptrdiff_t n) {
    order_forward(n);
    x_.make_bf16(n, in_);
  }
  std::uint16_t* rounded(std::ptrdiff_t i) { return x_.bf16_row(i); }

  /// dy (n, out), as x in start.
  void start_gradient(std::ptrdiff_t n, Rows<const float> dy) {
    weight_.order_backward();
    dy_.start(n, out_, dy, precision_);
  }
  /// dx = dy W, or +=, for the rows of a block; dx starts with the first of them.
  void backward(const TokenBlock& b, Rows<float> dx, bool accumulate) {
    dy_.round(b.first, b.count);
    weight_.backward(dy_.factor().part_rows(b.first, b.count), dx, accumulate);
  }
  void start_rounded_gradient(std::ptrdiff_t n) {
    weight_.order_backward();
    dy_.make_bf16(n, out_);
  }
  std::uint16_t* rounded_gradient(std::ptrdiff_t i) { return dy_.bf16_row(i); }
  /// dy^T x of all rows, after the last block: added to the gradient of W.
  void add_gradient(Weights<float>& gradient) {
    linear_backward_weight(dy_.factor(), x_.factor(), {gradient.values().data() + offset_, in_});
  }

  /// All rows at once.
  void forward(std::ptrdiff_t n, Rows<const float> x, Rows<float> y, Rows<const float> add = {}) {
    start(n, x);
    for_blocks(n, std::max(in_, out_), precision_,
               [&](const TokenBlock& b) { forward(b, from_row(y, b.first), from_row(add, b.first)); });
  }
  void backward(std::ptrdiff_t n, Rows<const float> dy, Rows<float> dx, bool accumulate, Weights<float>& gradient) {
    start_gradient(n, dy);
    for_blocks(n, std::max(in_, out_), precision_, [&](const TokenBlock& b) { backward(b, from_row(dx, b.first), accumulate); });
    add_gradient(gradient);
  }

 private:
  void order_forward(std::ptrdiff_t n) {
    constexpr std::ptrdiff_t few = 16;  // tokens: decoding; twice the memory for weights would buy it nothing
    if (n > few || precision_ == Precision::bf16) weight_.order_forward();
  }

  std::size_t offset_ = 0;
  std::ptrdiff_t in_ = 0, out_ = 0;
  Precision precision_ = Precision::fp32;
  LinearWeight weight_;
  Operand x_, dy_;
};

}  // namespace separatrix
