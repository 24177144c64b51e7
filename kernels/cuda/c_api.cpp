#include "kernels/cuda/c_api.h"

#include "kernels/cuda/bf16.h"
#include "kernels/cuda/operations.h"
#include "kernels/gated_delta_rule/cuda.h"

using namespace separatrix;
using namespace separatrix::SIMT;

namespace {

thread_local std::string last_error;

/// 0, or 2 with the error's text kept.
template <class F>
int guarded(const F& f) {
  try {
    f();
    return 0;
  } catch (const std::exception& error) {
    last_error = error.what();
    return 2;
  }
}

DeltaSizes sizes_of(const separatrix_delta& s) {
  return {s.sequences, s.length, s.starts, s.tokens, s.key_heads, s.value_heads, s.key_dim, s.value_dim};
}
DeltaOptions options_of(const separatrix_delta& s) {
  return {s.query_scale, s.write_beta != 0, s.unit_keys != 0};
}

/// (tokens, columns) without gaps.
template <class T, class P>
Rows<T> rows(P* p, int columns) {
  return {static_cast<T*>(p), columns};
}

template <class T>
struct Delta {
  const separatrix_delta& s;
  int keys = s.key_heads * s.key_dim, values = s.value_heads * s.value_dim;

  const DeltaVersion<T>& version() const {
    const auto& all = delta_versions<T>();
    if (s.version < 0 || s.version > static_cast<int>(all.size()))
      refuse("gated delta rule: version " + std::to_string(s.version) + " of " + std::to_string(all.size()) + " (0: the default)");
    return s.version == 0 ? delta_version<T>(sizes_of(s)) : all[static_cast<std::size_t>(s.version - 1)];
  }
  DeltaArguments<T> arguments(const void* q, const void* k, const void* v, const float* g, const float* beta,
                              const float* state) const {
    return {rows<const T>(q, keys),
            rows<const T>(k, keys),
            rows<const T>(v, values),
            rows<const float>(g, s.value_heads),
            rows<const float>(beta, s.value_heads),
            state};
  }
};

/// f(Delta<float>) or f(Delta<bf16>)
template <class F>
int for_type(const separatrix_delta* s, const F& f) {
  return guarded([&] { s->bf16 ? f(Delta<bf16>{*s}) : f(Delta<float>{*s}); });
}
template <class T>
struct ElementOf;
template <class T>
struct ElementOf<Delta<T>> {
  using type = T;
};
template <class D>
using Element = typename ElementOf<std::decay_t<D>>::type;

AttentionShape attention_shape(int batch, int length, int heads, int head_dim) {
  return {batch, length, heads, head_dim};
}

}  // namespace

extern "C" {

const char* separatrix_error(void) {
  return last_error.c_str();
}

int separatrix_delta_memory(const separatrix_delta* s, size_t* saved, size_t* scratch) {
  return guarded([&] { *saved = delta_saved_size(sizes_of(*s)), *scratch = delta_scratch_size(sizes_of(*s)); });
}

int separatrix_delta_forward(const separatrix_delta* s, const void* q, const void* k, const void* v, const float* g,
                             const float* beta, const float* state, void* o, float* final_state, float* saved, void* stream) {
  return for_type(s, [&](const auto& d) {
    using T = Element<decltype(d)>;
    d.version().forward(Stream{stream}, sizes_of(*s), options_of(*s), d.arguments(q, k, v, g, beta, state), rows<T>(o, d.values),
                        final_state, saved);
  });
}

int separatrix_delta_backward(const separatrix_delta* s, const void* q, const void* k, const void* v, const float* g,
                              const float* beta, const float* state, const float* saved, const void* d_o,
                              const float* d_final_state, void* d_q, void* d_k, void* d_v, float* d_g, float* d_beta,
                              float* d_state, float* scratch, void* stream) {
  return for_type(s, [&](const auto& d) {
    using T = Element<decltype(d)>;
    d.version().backward(Stream{stream}, sizes_of(*s), options_of(*s), d.arguments(q, k, v, g, beta, state), saved,
                         rows<const T>(d_o, d.values), d_final_state,
                         {rows<T>(d_q, d.keys), rows<T>(d_k, d.keys), rows<T>(d_v, d.values), rows<float>(d_g, s->value_heads),
                          rows<float>(d_beta, s->value_heads), d_state},
                         scratch);
  });
}

int separatrix_delta_decode(const separatrix_delta* s, const void* q, const void* k, const void* v, const float* g,
                            const float* beta, float* state, void* o, void* stream) {
  return for_type(s, [&](const auto& d) {
    using T = Element<decltype(d)>;
    delta_decode<T>(Stream{stream}, sizes_of(*s), options_of(*s), d.arguments(q, k, v, g, beta, nullptr), state,
                    rows<T>(o, d.values));
  });
}

int separatrix_attention_forward(int batch, int length, int heads, int head_dim, const float* q, const float* k, const float* v,
                                 float* o, float* lse, void* stream) {
  const int columns = heads * head_dim;
  return guarded([&] {
    attention_forward(Stream{stream}, attention_shape(batch, length, heads, head_dim), {q, columns}, {k, columns}, {v, columns},
                      {o, columns}, lse);
  });
}

int separatrix_attention_backward(int batch, int length, int heads, int head_dim, const float* q, const float* k, const float* v,
                                  const float* o, const float* lse, const float* d_o, float* d_q, float* d_k, float* d_v,
                                  void* stream) {
  const int columns = heads * head_dim;
  return guarded([&] {
    attention_backward(Stream{stream}, attention_shape(batch, length, heads, head_dim),
                       {{q, columns}, {k, columns}, {v, columns}, {o, columns}, lse}, {d_o, columns}, {d_q, columns},
                       {d_k, columns}, {d_v, columns});
  });
}

}  // extern "C"
