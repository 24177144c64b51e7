// Examples packed into a batch: (batch, length) tokens, the token that follows each, and which of those count.
#pragma once
#include <span>
#include <vector>

#include "kernels/executor.h"
#include "tasks/task.h"

namespace separatrix {

/// Which targets count.
enum class Counted { loss, answers, last_answer };

/// Packs examples of possibly different lengths.  length = the longest example less one; shorter ones are filled on the right
/// with token 0 and mask 0, which no causal model can see from the left.
Batch pack(std::span<const Example> examples, Counted counted);

/// The same batch with another choice of what counts.
void count(Batch& batch, std::span<const Example> examples, Counted counted);

/// Number of examples whose last answer is the predicted token at its place; `predicted` is (batch, length).
int correct_last_answers(const Batch& batch, std::span<const Example> examples, std::span<const std::int32_t> predicted);

/// Tokens of the batch that are not filling.
std::int64_t real_tokens(std::span<const Example> examples);

}  // namespace separatrix
