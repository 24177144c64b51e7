// The operations of a training step on the GPU besides matrix products and the delta rule.  Each does what the CPU header named
// beside it says, with the same shapes; all pointers are device memory, calls only queue work, and every sum has a fixed order.
// T is the type of activations in memory, float or bf16; arithmetic is fp32 for both.
// Unverified on a GPU: checked in emulation (space.h).
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "kernels/attention/attention.h"
#include "kernels/cuda/runtime.h"
#include "kernels/gated_delta_rule/gates.h"
#include "kernels/gated_delta_rule/output.h"
#include "kernels/norm/norm.h"
#include "kernels/rows.h"
#include "kernels/short_conv/short_conv.h"

namespace separatrix::SIMT {

struct bf16;

/// What is read; T follows from what is written.
template <class T>
using In = Rows<const std::type_identity_t<T>>;

/// Floats of scratch that a backward with weight gradients (columns, in all) needs: column_sums.h.
std::size_t sums_scratch_size(std::size_t columns);

// kernels/norm/norm.h
/// (x, y): (float, float), (bf16, bf16), (float, bf16).  add: as there.
template <class X, class T>
void rms_norm_forward(Stream, const NormShape&, Rows<const X> x, const float* weight, Rows<T> y, float* rstd, In<T> add = {});
/// scratch: sums_scratch_size(width).  dweight is added to.  rounded: dx once more, as bf16; null: not.
template <class T>
void rms_norm_backward(Stream, const NormShape&, In<T> dy, In<T> x, const float* weight, const float* rstd, Rows<T> dx,
                       float* dweight, float* scratch, bool accumulate = false, Rows<bf16> rounded = {});

// kernels/short_conv/short_conv.h
template <class T>
void short_conv_forward(Stream, const ShortConvShape&, In<T> x, const float* weight, Rows<T> y);
std::size_t short_conv_scratch_size(const ShortConvShape&);
/// scratch: short_conv_scratch_size.  d_weight is overwritten; d_x must not be d_y.
template <class T>
void short_conv_backward(Stream, const ShortConvShape&, In<T> x, const float* weight, In<T> d_y, Rows<T> d_x, float* d_weight,
                         float* scratch);

// kernels/gated_delta_rule/gates.h; a negative direct gate gives NaN, for there is nobody on the device to throw.
template <class T>
void delta_gates_forward(Stream, const DeltaGatesShape&, Rows<const T> a, Rows<const T> b, const float* a_log, const float* dt_bias,
                         Rows<float> g, Rows<float> beta);
/// scratch: sums_scratch_size(2 * heads).  d_a_log and d_dt_bias are overwritten.
template <class T>
void delta_gates_backward(Stream, const DeltaGatesShape&, In<T> a, In<T> b, const float* a_log, const float* dt_bias,
                          Rows<const float> d_g, Rows<const float> d_beta, Rows<T> d_a, Rows<T> d_b, float* d_a_log,
                          float* d_dt_bias, float* scratch);

// kernels/gated_delta_rule/output.h
template <class T>
void delta_output_forward(Stream, const DeltaOutputShape&, In<T> o, const float* weight, In<T> z, Rows<T> y);
/// scratch: batch * length * heads + sums_scratch_size(value_dim).  d_weight is overwritten; d_o must not be d_y, nor o, nor z.
template <class T>
void delta_output_backward(Stream, const DeltaOutputShape&, In<T> o, const float* weight, In<T> z, In<T> d_y, Rows<T> d_o,
                           float* d_weight, Rows<T> d_z, float* scratch);

// kernels/mlp/mlp.h
template <class T>
void swiglu_forward(Stream, std::ptrdiff_t rows, std::ptrdiff_t hidden, In<T> gate_up, Rows<T> y);
template <class T>
void swiglu_backward(Stream, std::ptrdiff_t rows, std::ptrdiff_t hidden, In<T> gate_up, In<T> dy, Rows<T> dgate_up);
template <class T>
void relu_forward(Stream, std::ptrdiff_t rows, std::ptrdiff_t hidden, In<T> up, Rows<T> y);
template <class T>
void relu_backward(Stream, std::ptrdiff_t rows, std::ptrdiff_t hidden, In<T> up, In<T> dy, Rows<T> dup);

// kernels/embedding/embedding.h; tokens have been checked on the host.
void embedding_forward(Stream, std::ptrdiff_t count, std::ptrdiff_t width, const std::int32_t* tokens, const float* table,
                       Rows<float> x, bool accumulate = false);
void embedding_backward(Stream, std::ptrdiff_t count, std::ptrdiff_t vocab, std::ptrdiff_t width, const std::int32_t* tokens,
                        Rows<const float> dx, float* dtable);

/// y (count, cols) = rows of x: y_i = x_rows[i]
void gather_rows(Stream, std::ptrdiff_t count, std::ptrdiff_t cols, const std::int32_t* rows, Rows<const float> x, Rows<float> y);
/// x (count, cols): x_i = y_places[i], or 0 where places[i] is negative
void scatter_rows(Stream, std::ptrdiff_t count, std::ptrdiff_t cols, const std::int32_t* places, Rows<const float> y,
                  Rows<float> x);

// kernels/attention/rope.h; sign 1: forward, -1: backward.  table as rope_table.
template <class T>
void rope(Stream, const AttentionShape&, const float* table, float sign, Rows<T> x);

/// What the host writes before a step and reads after it; lies in device memory, so that one recorded graph serves every step.
struct StepNumbers {
  // kernels/adamw/update.h; lr, step and betas are in these
  float beta1, one_minus_beta1, beta2, one_minus_beta2, eps, rate, root, lr_times_decay;
  float clip;        // longest gradient; 0: any
  float loss_scale;  // 1 / counted positions
  float loss_limit;  // a mean loss above it, or none at all, makes no update
  // results
  double loss, gradient_norm;
  float gradient_factor;
  int updated;
};

// kernels/cross_entropy/cross_entropy.h; the loss goes to numbers->loss.  losses: (rows) scratch.
void cross_entropy(Stream, std::ptrdiff_t rows, std::ptrdiff_t vocab, Rows<float> logits, const std::int32_t* targets,
                   const std::uint8_t* mask, float* losses, StepNumbers* numbers);
void argmax(Stream, std::ptrdiff_t rows, std::ptrdiff_t vocab, Rows<const float> logits, const std::uint8_t* mask,
            std::int32_t* out);

// kernels/adamw/adamw.h
/// Doubles of scratch that adamw needs.
constexpr int norm_blocks = 512;
/// Norm of the gradient, clipping, and the update unless the loss or the norm forbids it; decayed[i] = 1: weight decay applies.
void adamw(Stream, std::ptrdiff_t n, const float* gradient, const std::uint8_t* decayed, float* m, float* v, float* weights,
           double* scratch, StepNumbers* numbers);

/// y (rows, cols) = x
template <class T>
void copy_rows(Stream, std::ptrdiff_t rows, std::ptrdiff_t cols, In<T> x, Rows<T> y);
/// y (rows, cols) = x rounded to bf16
void round_rows(Stream, std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const float> x, Rows<bf16> y);
/// The same for `count` matrices at once, at most most_roundings.
struct Rounding {
  Rows<const float> x;
  Rows<bf16> y;
  int rows, cols;
};
constexpr int most_roundings = 64;
void round_matrices(Stream, const Rounding* all, int count);

}  // namespace separatrix::SIMT
