// What the kernels of one instruction set see: one head of one sequence, its pointers already moved there.
#pragma once
#include <cstddef>

#include "kernels/gated_delta_rule/delta.h"

namespace separatrix {

/// How a head is laid out in scratch and in `saved`: rows padded to whole vectors of the widest set (16 floats).
struct DeltaPlan {
  std::ptrdiff_t length, key_dim, value_dim;
  std::ptrdiff_t chunk, chunks;                 // tokens per chunk (the last may be shorter), number of chunks
  std::ptrdiff_t chunk_row, k_row, v_row;       // padded chunk, key_dim, value_dim
  static constexpr std::ptrdiff_t segment = 4;  // chunks; the state is kept at the beginning of each
  std::ptrdiff_t segments() const { return (chunks + segment - 1) / segment; }
  std::ptrdiff_t state_size() const { return key_dim * v_row; }
  std::ptrdiff_t tokens(std::ptrdiff_t c) const { return length - c * chunk < chunk ? length - c * chunk : chunk; }
};

struct DeltaHead {
  DeltaPlan plan;
  DeltaForm form;
  Rows<const float> q, k, v, g, beta;  // row t = token t of this sequence; element 0 = this head's first
  const float* initial;                // (key_dim, value_dim) or null
  float* values;                       // (length, v_row) solved values V'; null: not kept
  float* states;                       // (segments - 1, key_dim, v_row) before segment 1, 2, ...; null: not kept
  float* scratch;                      // 64-byte aligned
};

struct DeltaHeadForward : DeltaHead {
  Rows<float> o;
  float* final_state;  // (key_dim, value_dim) or null
};

struct DeltaHeadBackward : DeltaHead {
  Rows<const float> d_o;
  const float* d_final_state;  // (key_dim, value_dim) or null
  Rows<float> d_q, d_k, d_v, d_g, d_beta;
  float* d_initial;  // (key_dim, value_dim) or null
  bool add_to_key;   // d_q, d_k += (a further value head of the same key head)
};

struct DeltaKernels {
  void (*forward)(const DeltaHeadForward&);
  void (*backward)(const DeltaHeadBackward&);
};

namespace sse2 {
extern const DeltaKernels delta_kernels;
}
namespace avx2 {
extern const DeltaKernels delta_kernels;
}
namespace avx512 {
extern const DeltaKernels delta_kernels;
}

}  // namespace separatrix
