// The operations of a training step on the GPU besides matrix products and the delta rule.  Each does what the CPU header named
// beside it says, with the same shapes; all pointers are device memory, calls only queue work, and every sum has a fixed order.
// Unverified on a GPU: checked in emulation (space.h).
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/attention/attention.h"
#include "kernels/cuda/runtime.h"
#include "kernels/gated_delta_rule/gates.h"
#include "kernels/gated_delta_rule/output.h"
#include "kernels/norm/norm.h"
#include "kernels/rows.h"
#include "kernels/short_conv/short_conv.h"

namespace separatrix::SIMT {

/// Floats of scratch that a backward with weight gradients (columns, in all) needs: column_sums.h.
std::size_t sums_scratch_size(std::size_t columns);

// kernels/norm/norm.h
void rms_norm_forward(Stream, const NormShape&, Rows<const float> x, const float* weight, Rows<float> y, float* rstd,
                      bool accumulate = false);
/// scratch: sums_scratch_size(width).  dweight is added to.
void rms_norm_backward(Stream, const NormShape&, Rows<const float> dy, Rows<const float> x, const float* weight, const float* rstd,
                       Rows<float> dx, float* dweight, float* scratch, bool accumulate = false);

// kernels/short_conv/short_conv.h
void short_conv_forward(Stream, const ShortConvShape&, Rows<const float> x, const float* weight, Rows<float> y);
/// scratch: batch * length * channels + sums_scratch_size(channels * width).  d_weight is overwritten.
void short_conv_backward(Stream, const ShortConvShape&, Rows<const float> x, const float* weight, Rows<const float> d_y,
                         Rows<float> d_x, float* d_weight, float* scratch);

// kernels/gated_delta_rule/gates.h; a negative direct gate gives NaN, for there is nobody on the device to throw.
void delta_gates_forward(Stream, const DeltaGatesShape&, Rows<const float> a, Rows<const float> b, const float* a_log,
                         const float* dt_bias, Rows<float> g, Rows<float> beta);
/// scratch: sums_scratch_size(2 * heads).  d_a_log and d_dt_bias are overwritten.
void delta_gates_backward(Stream, const DeltaGatesShape&, Rows<const float> a, Rows<const float> b, const float* a_log,
                          const float* dt_bias, Rows<const float> d_g, Rows<const float> d_beta, Rows<float> d_a, Rows<float> d_b,
                          float* d_a_log, float* d_dt_bias, float* scratch);

// kernels/gated_delta_rule/output.h
void delta_output_forward(Stream, const DeltaOutputShape&, Rows<const float> o, const float* weight, Rows<const float> z,
                          Rows<float> y);
/// scratch: batch * length * heads + sums_scratch_size(value_dim).  d_weight is overwritten; d_o must not be d_y.
void delta_output_backward(Stream, const DeltaOutputShape&, Rows<const float> o, const float* weight, Rows<const float> z,
                           Rows<const float> d_y, Rows<float> d_o, float* d_weight, Rows<float> d_z, float* scratch);

// kernels/mlp/mlp.h
void swiglu_forward(Stream, std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> gate_up, Rows<float> y);
void swiglu_backward(Stream, std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> gate_up, Rows<const float> dy,
                     Rows<float> dgate_up);
void relu_forward(Stream, std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> up, Rows<float> y);
void relu_backward(Stream, std::ptrdiff_t rows, std::ptrdiff_t hidden, Rows<const float> up, Rows<const float> dy, Rows<float> dup);

// kernels/embedding/embedding.h; tokens have been checked on the host.
void embedding_forward(Stream, std::ptrdiff_t count, std::ptrdiff_t width, const std::int32_t* tokens, const float* table,
                       Rows<float> x, bool accumulate = false);
void embedding_backward(Stream, std::ptrdiff_t count, std::ptrdiff_t vocab, std::ptrdiff_t width, const std::int32_t* tokens,
                        Rows<const float> dx, float* dtable);

// kernels/attention/rope.h; sign 1: forward, -1: backward.  table as rope_table.
void rope(Stream, const AttentionShape&, const float* table, float sign, Rows<float> x);

// kernels/attention/attention.h; head_dim 1 to 128.  dq, dk, dv must not be q, k, v.
void attention_forward(Stream, const AttentionShape&, Rows<const float> q, Rows<const float> k, Rows<const float> v,
                       Rows<float> out, float* lse);
void attention_backward(Stream, const AttentionShape&, const AttentionSaved&, Rows<const float> dout, Rows<float> dq,
                        Rows<float> dk, Rows<float> dv);

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
constexpr int norm_blocks = 128;
/// Norm of the gradient, clipping, and the update unless the loss or the norm forbids it; decayed[i] = 1: weight decay applies.
void adamw(Stream, std::ptrdiff_t n, const float* gradient, const std::uint8_t* decayed, float* m, float* v, float* weights,
           double* scratch, StepNumbers* numbers);

/// y (rows, cols) = x
void copy_rows(Stream, std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const float> x, Rows<float> y);
/// Rounded to bf16, rows without gaps.
struct bf16;
void round_rows(Stream, std::ptrdiff_t rows, std::ptrdiff_t cols, Rows<const float> x, bf16* y);

}  // namespace separatrix::SIMT
