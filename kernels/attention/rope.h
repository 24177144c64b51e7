// Rotary positions (Su et al. 2021) in the pairing of HF's rotate_half: dimensions i and i + head_dim / 2 of token t turn by the
// angle t * theta^(-2 i / head_dim).
#pragma once
#include <vector>

#include "kernels/attention/attention.h"

namespace separatrix {

/// (length, 2, head_dim / 2): cosines, then sines, of token t's angles; computed in double.
std::vector<float> rope_table(std::ptrdiff_t length, std::ptrdiff_t head_dim, double theta);

/// Turns x (batch * length, heads * head_dim) in place; `table` covers shape.length tokens.
void rope_forward(const AttentionShape& shape, const std::vector<float>& table, Rows<float> x);
/// The gradient with respect to the unturned x, in place: the turn backwards.
void rope_backward(const AttentionShape& shape, const std::vector<float>& table, Rows<float> dx);

}  // namespace separatrix
