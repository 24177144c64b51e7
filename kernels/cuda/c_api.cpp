#include "kernels/cuda/c_api.h"

#include "kernels/attention/cuda.h"
#include "kernels/cuda/bf16.h"
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
    return s.version == 0 ? delta_version<T>(sizes_of(s), options_of(s)) : all[static_cast<std::size_t>(s.version - 1)];
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

template <class T>
struct AttentionCall {
  const separatrix_attention& s;

  AttentionShape shape() const { return {s.batch, s.length, s.heads, s.head_dim}; }
  const AttentionVersion<T>& version() const {
    const auto& all = attention_versions<T>();
    if (s.version < 0 || s.version > static_cast<int>(all.size()))
      refuse("attention: version " + std::to_string(s.version) + " of " + std::to_string(all.size()) + " (0: the default)");
    return s.version == 0 ? attention_version<T>() : all[static_cast<std::size_t>(s.version - 1)];
  }
  Rows<const T> in(const void* p) const { return rows<const T>(p, s.heads * s.head_dim); }
  Rows<T> out(void* p) const { return rows<T>(p, s.heads * s.head_dim); }
};

/// f(Call<float>) or f(Call<bf16>)
template <template <class> class Call, class S, class F>
int for_type(const S* s, const F& f) {
  return guarded([&] { s->bf16 ? f(Call<bf16>{*s}) : f(Call<float>{*s}); });
}
template <class T>
struct ElementOf;
template <template <class> class Call, class T>
struct ElementOf<Call<T>> {
  using type = T;
};
template <class D>
using Element = typename ElementOf<std::decay_t<D>>::type;

}  // namespace

extern "C" {

const char* separatrix_error(void) {
  return last_error.c_str();
}

int separatrix_delta_memory(const separatrix_delta* s, size_t* saved, size_t* scratch) {
  return for_type<Delta>(s, [&](const auto& d) {
    check_delta(sizes_of(*s));
    *saved = d.version().saved_size(sizes_of(*s)), *scratch = d.version().scratch_size(sizes_of(*s));
  });
}

int separatrix_delta_forward(const separatrix_delta* s, const void* q, const void* k, const void* v, const float* g,
                             const float* beta, const float* state, void* o, float* final_state, float* saved, void* stream) {
  return for_type<Delta>(s, [&](const auto& d) {
    using T = Element<decltype(d)>;
    d.version().forward(Stream{stream}, sizes_of(*s), options_of(*s), d.arguments(q, k, v, g, beta, state), rows<T>(o, d.values),
                        final_state, saved);
  });
}

int separatrix_delta_alone_memory(const separatrix_delta* s, size_t* memory) {
  return for_type<Delta>(s, [&](const auto& d) {
    check_delta(sizes_of(*s));
    *memory = d.version().alone_size(sizes_of(*s));
  });
}

int separatrix_delta_forward_alone(const separatrix_delta* s, const void* q, const void* k, const void* v, const float* g,
                                   const float* beta, const float* state, void* o, float* final_state, float* memory,
                                   void* stream) {
  return for_type<Delta>(s, [&](const auto& d) {
    using T = Element<decltype(d)>;
    d.version().forward_alone(Stream{stream}, sizes_of(*s), options_of(*s), d.arguments(q, k, v, g, beta, state),
                              rows<T>(o, d.values), final_state, memory);
  });
}

int separatrix_delta_backward(const separatrix_delta* s, const void* q, const void* k, const void* v, const float* g,
                              const float* beta, const float* state, const float* saved, const void* d_o,
                              const float* d_final_state, void* d_q, void* d_k, void* d_v, float* d_g, float* d_beta,
                              float* d_state, float* scratch, void* stream) {
  return for_type<Delta>(s, [&](const auto& d) {
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
  return for_type<Delta>(s, [&](const auto& d) {
    using T = Element<decltype(d)>;
    delta_decode<T>(Stream{stream}, sizes_of(*s), options_of(*s), d.arguments(q, k, v, g, beta, nullptr), state,
                    rows<T>(o, d.values));
  });
}

int separatrix_attention_forward(const separatrix_attention* s, const void* q, const void* k, const void* v, void* o, float* lse,
                                 void* stream) {
  return for_type<AttentionCall>(
      s, [&](const auto& a) { a.version().forward(Stream{stream}, a.shape(), a.in(q), a.in(k), a.in(v), a.out(o), lse); });
}

int separatrix_attention_backward(const separatrix_attention* s, const void* q, const void* k, const void* v, const void* o,
                                  const float* lse, const void* d_o, float* row_dots, void* d_q, void* d_k, void* d_v,
                                  void* stream) {
  return for_type<AttentionCall>(s, [&](const auto& a) {
    a.version().backward(Stream{stream}, a.shape(), {a.in(q), a.in(k), a.in(v), a.in(o), lse}, a.in(d_o), row_dots, a.out(d_q),
                         a.out(d_k), a.out(d_v));
  });
}

}  // extern "C"
