// The gated delta rule on the GPU: the function of delta.h, for packed sequences of different lengths, fp32 or bf16 outside and
// fp32 states and sums.  All pointers are device memory; calls only queue work.  Unverified on a GPU: checked in emulation
// (space.h). Forms: kernels/gated_delta_rule/delta.h.  cuda_forward.h and cuda_backward.h have the formulas.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "kernels/cuda/runtime.h"
#include "kernels/rows.h"

namespace separatrix::SIMT {

struct bf16;

struct DeltaSizes {
  int sequences = 0;
  int length = 0;  // of every sequence; not read when `starts` is given
  const int* starts =
      nullptr;     // (sequences + 1) on the device: sequence n is rows starts[n] ... starts[n + 1] - 1; null: equal lengths
  int tokens = 0;  // rows in all
  int key_heads = 0, value_heads = 0, key_dim = 0, value_dim = 0;  // key_dim 1 to 128, value_dim 1 to 256
};

struct DeltaOptions {
  float query_scale = 1;
  bool write_beta = true;  // false: paper, Definition 1
  bool unit_keys = false;  // q and k are divided by sqrt(|.|^2 + 1e-6) first, in fp32, folded in where they are read
  bool wide_beta = false;  // beta may be above 2, where the inverse can leave the range of fp16
};

template <class T>
struct DeltaArguments {
  Rows<const T> q, k;            // (tokens, key_heads * key_dim)
  Rows<const T> v;               // (tokens, value_heads * value_dim)
  Rows<const float> g, beta;     // (tokens, value_heads); g = log alpha <= 0, -inf allowed
  const float* state = nullptr;  // (sequences, value_heads, key_dim, value_dim) before the first token; null: zero
};

/// Overwritten; `state` may be null.
template <class T>
struct DeltaGradients {
  Rows<T> q, k, v;
  Rows<float> g, beta;
  float* state = nullptr;
};

/// Throws Error naming the size that no kernel has.
void check_delta(const DeltaSizes& sizes);

/// One implementation of both passes.
template <class T>
struct DeltaVersion {
  const char* name;
  int operand_bits;  // significant bits of what its products multiply
  /// Floats that the forward writes and the backward reads (`saved`), and floats of scratch for the backward; both at multiples of
  /// 16 bytes.
  std::size_t (*saved_size)(const DeltaSizes&);
  std::size_t (*scratch_size)(const DeltaSizes&);
  /// o (tokens, value_heads * value_dim); final_state as DeltaArguments::state, or null.
  void (*forward)(Stream, const DeltaSizes&, const DeltaOptions&, const DeltaArguments<T>&, Rows<T> o, float* final_state,
                  float* saved);
  /// d_o and d_final_state (null: zero) are the gradients of the forward's results.
  void (*backward)(Stream, const DeltaSizes&, const DeltaOptions&, const DeltaArguments<T>&, const float* saved, Rows<const T> d_o,
                   const float* d_final_state, const DeltaGradients<T>&, float* scratch);
  /// The same results as the forward's where no backward follows, and the floats of `saved` that this needs (0: it may be null).
  std::size_t (*alone_size)(const DeltaSizes&) = saved_size;
  void (*forward_alone)(Stream, const DeltaSizes&, const DeltaOptions&, const DeltaArguments<T>&, Rows<T> o, float* final_state,
                        float* saved) = forward;
};

/// All versions, oldest first.
template <class T>
const std::vector<DeltaVersion<T>>& delta_versions();
/// The one to use.
template <class T>
const DeltaVersion<T>& delta_version(const DeltaSizes& sizes, const DeltaOptions& options);

/// v5 with every sequence in pieces of `chunks` (1, 2, 4 or 16) chunks of 64 tokens, whatever the sizes.
const DeltaVersion<bf16>& delta_in_pieces(int chunks);
/// v6 with `groups` (1 or 2) slabs of 32 values in a block, and no pieces, whatever the sizes.
const DeltaVersion<bf16>& delta_fused(int groups);
/// v7 without pieces, whatever the sizes, whose blocks make their chunks (where keys and values are few enough) or load them.
const DeltaVersion<bf16>& delta_owned(bool made);

/// One token of every sequence: `state` (sequences, value_heads, key_dim, value_dim) is replaced by the state after it; row n of
/// every Rows belongs to sequence n.  sizes.length is 1.
template <class T>
void delta_decode(Stream, const DeltaSizes& sizes, const DeltaOptions& options, const DeltaArguments<T>& in, float* state,
                  Rows<T> o);

}  // namespace separatrix::SIMT
