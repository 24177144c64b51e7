// One row of heads turned by its angles: what turn.inc provides for each instruction set.
#pragma once
#include <cstddef>

namespace separatrix {

/// x (heads, head_dim): (u, w) -> (u c - w s, w c + u s) with s = sign * sin; cos and sin are (head_dim / 2).
using Turn = void (*)(std::ptrdiff_t heads, std::ptrdiff_t head_dim, const float* cos, const float* sin, float sign, float* x);

namespace sse2 {
extern const Turn turn;
}
namespace avx2 {
extern const Turn turn;
}
namespace avx512 {
extern const Turn turn;
}

}  // namespace separatrix
