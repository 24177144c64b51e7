// One row of logits: what row.inc provides for each instruction set.
#pragma once
#include <cstddef>

namespace separatrix {

/// Returns the row's loss; logits (vocab) become scale * (softmax - onehot(target)).
using CrossEntropyRow = float (*)(std::ptrdiff_t vocab, std::ptrdiff_t target, float scale, float* logits);

namespace sse2 {
extern const CrossEntropyRow cross_entropy_row;
}
namespace avx2 {
extern const CrossEntropyRow cross_entropy_row;
}
namespace avx512 {
extern const CrossEntropyRow cross_entropy_row;
}

}  // namespace separatrix
