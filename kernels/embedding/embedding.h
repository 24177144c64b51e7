// Rows of a table picked by token (or by position), and the gradient of that.
#pragma once
#include <cstdint>

#include "kernels/rows.h"

namespace separatrix {

/// x_i = table[tokens_i], or += with `accumulate` (learned positions on top of tokens).
/// tokens (count), table (vocab, width), x (count, width).  Throws Error for a token outside [0, vocab).
void embedding_forward(std::ptrdiff_t count, std::ptrdiff_t vocab, std::ptrdiff_t width, const std::int32_t* tokens,
                       const float* table, Rows<float> x, bool accumulate = false);
/// dtable[tokens_i] += dx_i, in the order of i: columns are shared out among the threads, so their number changes nothing.
void embedding_backward(std::ptrdiff_t count, std::ptrdiff_t width, const std::int32_t* tokens, Rows<const float> dx,
                        float* dtable);

}  // namespace separatrix
