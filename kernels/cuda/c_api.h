/* libseparatrix_kernels.so: the CUDA kernels through a plain C interface, for other languages (kernels/bench/cuda_peers.py).
   Pointers are device memory, tensors have no gaps, calls only queue work on `stream` (a cudaStream_t; null: the default stream).
   Every function returns 0, or 2 after an error, whose text separatrix_error() gives.  Unverified on a GPU. */
#ifndef SEPARATRIX_KERNELS_H
#define SEPARATRIX_KERNELS_H
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sizes and form of a gated delta rule (kernels/gated_delta_rule/cuda.h). */
typedef struct {
  int sequences, length; /* of every sequence; not read when starts is given */
  const int* starts;     /* (sequences + 1) on the device, or null */
  int tokens;            /* rows in all */
  int key_heads, value_heads, key_dim, value_dim;
  float query_scale;
  int write_beta, unit_keys; /* 0 or 1 */
  int bf16;                  /* q, k, v, o and their gradients: 0 fp32, 1 bf16; the rest is fp32 */
  int version;               /* 1, 2, ...; 0: the default one, in bf16 with unit_keys for beta up to 2 only: 3 takes any */
} separatrix_delta;

const char* separatrix_error(void);

/* Floats of the memory that the forward pass fills for the backward pass, and of the backward pass' scratch. */
int separatrix_delta_memory(const separatrix_delta* s, size_t* saved, size_t* scratch);
/* q, k (tokens, key_heads, key_dim), v, o (tokens, value_heads, value_dim), g, beta (tokens, value_heads);
   state, final_state (sequences, value_heads, key_dim, value_dim) or null. */
int separatrix_delta_forward(const separatrix_delta* s, const void* q, const void* k, const void* v, const float* g,
                             const float* beta, const float* state, void* o, float* final_state, float* saved, void* stream);
/* The same where no backward pass follows, and the floats of memory it needs (0: null will do). */
int separatrix_delta_alone_memory(const separatrix_delta* s, size_t* memory);
int separatrix_delta_forward_alone(const separatrix_delta* s, const void* q, const void* k, const void* v, const float* g,
                                   const float* beta, const float* state, void* o, float* final_state, float* memory, void* stream);
/* d_final_state and d_state may be null. */
int separatrix_delta_backward(const separatrix_delta* s, const void* q, const void* k, const void* v, const float* g,
                              const float* beta, const float* state, const float* saved, const void* d_o,
                              const float* d_final_state, void* d_q, void* d_k, void* d_v, float* d_g, float* d_beta,
                              float* d_state, float* scratch, void* stream);
/* One token of every sequence: state is replaced. */
int separatrix_delta_decode(const separatrix_delta* s, const void* q, const void* k, const void* v, const float* g,
                            const float* beta, float* state, void* o, void* stream);

/* Sizes of causal attention (kernels/attention/cuda.h): q, k, v, o (batch * length, heads, head_dim), lse (batch, heads, length).
 */
typedef struct {
  int batch, length, heads, head_dim;
  int bf16;    /* q, k, v, o and their gradients: 0 fp32, 1 bf16; the rest is fp32 */
  int version; /* 1, 2, ...; 0: the default one */
} separatrix_attention;

int separatrix_attention_forward(const separatrix_attention* s, const void* q, const void* k, const void* v, void* o, float* lse,
                                 void* stream);
/* row_dots: scratch of the size of lse. */
int separatrix_attention_backward(const separatrix_attention* s, const void* q, const void* k, const void* v, const void* o,
                                  const float* lse, const void* d_o, float* row_dots, void* d_q, void* d_k, void* d_v,
                                  void* stream);

#ifdef __cplusplus
}
#endif
#endif
