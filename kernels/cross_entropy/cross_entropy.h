// Softmax cross-entropy: loss_i = log sum_j exp(z_ij) - z_i,target; its gradient is softmax(z_i) - onehot(target).
#pragma once
#include <cstdint>

#include "kernels/rows.h"

namespace separatrix {

/// scale * (sum of the losses of the rows with mask[i] != 0); logits (rows, vocab) become the gradient of that, 0 in the other
/// rows, whose targets are not read.  For the mean over the counted rows, scale = 1 / their count. Throws Error when a counted
/// target is not in [0, vocab).
double cross_entropy(std::ptrdiff_t rows, std::ptrdiff_t vocab, Rows<float> logits, const std::int32_t* targets,
                     const std::uint8_t* mask, double scale);

/// The largest logit's column, the smallest of equals, in the rows with mask[i] != 0; -1 in the others.
void argmax(std::ptrdiff_t rows, std::ptrdiff_t vocab, Rows<const float> logits, const std::uint8_t* mask, std::int32_t* out);

}  // namespace separatrix
