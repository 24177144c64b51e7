// Queues the kernels of one version: the key dimension is rounded up to one that is compiled.
#pragma once
#include "kernels/gated_delta_rule/cuda_backward.h"

namespace separatrix::SIMT {

/// f(integral_constant<int, padded_keys(key_dim)>)
template <class F>
void for_keys(int key_dim, F f) {
  switch (padded_keys(key_dim)) {
    case 16:
      return f(std::integral_constant<int, 16>{});
    case 32:
      return f(std::integral_constant<int, 32>{});
    case 64:
      return f(std::integral_constant<int, 64>{});
    case 96:
      return f(std::integral_constant<int, 96>{});
    default:
      return f(std::integral_constant<int, 128>{});
  }
}

constexpr std::size_t bytes(std::size_t floats) {
  return floats * sizeof(float);
}

template <class T, class Product, bool ahead>
void delta_forward(Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<T>& in, Rows<T> out,
                   float* final_state, float* saved_memory) {
  check_delta(s);
  const DeltaSaved saved = DeltaPlan(s).saved(saved_memory);
  const auto slots = static_cast<unsigned>(slot_count(s)), heads = static_cast<unsigned>(s.value_heads);
  const Dim3 chunks{slots, heads, 1}, threads{delta_threads, 1, 1};
  const Dim3 scans{static_cast<unsigned>(s.sequences), heads, static_cast<unsigned>(padded_values(s.value_dim) / slab)};
  for_keys(s.key_dim, [&](auto size) {
    constexpr int keys = decltype(size)::value;
    launch(stream, "delta_prepare", delta_prepare<T, Product, keys>, chunks, threads, bytes(prepare_floats(keys)), s, o, in, saved);
    launch(stream, "delta_scan", delta_scan<T, Product, keys, ahead>, scans, threads, bytes(scan_floats<T, ahead>(keys)), s, o, in,
           saved, final_state);
    launch(stream, "delta_output", delta_output<T, Product, keys>, chunks, threads, bytes(output_floats(keys)), s, o, in, saved,
           out);
  });
}

template <class T, class Product, bool ahead>
void delta_backward(Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<T>& in,
                    const float* saved_memory, Rows<const T> d_out, const float* d_final_state, const DeltaGradients<T>& d_in,
                    float* scratch_memory) {
  check_delta(s);
  const DeltaPlan plan(s);
  const DeltaSaved saved = plan.saved(const_cast<float*>(saved_memory));  // read only here
  const DeltaScratch scratch = plan.scratch(scratch_memory);
  const auto slots = static_cast<unsigned>(slot_count(s)), heads = static_cast<unsigned>(s.value_heads);
  const Dim3 chunks{slots, heads, 1}, threads{delta_threads, 1, 1}, keys_grid{slots, static_cast<unsigned>(s.key_heads), 1};
  const Dim3 scans{static_cast<unsigned>(s.sequences), heads, static_cast<unsigned>(padded_values(s.value_dim) / slab)};
  for_keys(s.key_dim, [&](auto size) {
    constexpr int keys = decltype(size)::value;
    launch(stream, "delta_scan_back", delta_scan_back<T, Product, keys, ahead>, scans, threads,
           bytes(scan_back_floats<T, ahead>(keys)), s, o, in, saved, d_out, d_final_state, d_in, scratch);
    launch(stream, "delta_gradients", delta_gradients<T, Product, keys>, chunks, threads, bytes(gradient_floats(keys)), s, o, in,
           saved, d_out, d_in.g, d_in.beta, scratch);
    launch(stream, "delta_finish", delta_finish<T, keys>, keys_grid, threads, std::size_t{0}, s, o, in, saved, scratch, d_in.q,
           d_in.k);
  });
}

/// A version whose products are `Product`.
template <class T, class Product, bool ahead>
DeltaVersion<T> version_by(const char* name, int operand_bits) {
  return {name,
          operand_bits,
          [](const DeltaSizes& s) { return DeltaPlan(s).saved_size(); },
          [](const DeltaSizes& s) { return DeltaPlan(s).scratch_size(); },
          delta_forward<T, Product, ahead>,
          delta_backward<T, Product, ahead>};
}

/// A version defined in its own file; cuda_versions.cu lists them.
template <class T>
DeltaVersion<T> delta_v1();
template <class T>
DeltaVersion<T> delta_v2();
DeltaVersion<bf16> delta_v3();  // bf16 only
DeltaVersion<bf16> delta_v4();  // bf16 only
DeltaVersion<bf16> delta_v5();  // bf16 only
DeltaVersion<bf16> delta_v6();  // bf16 only
DeltaVersion<bf16> delta_v7();  // bf16 only

}  // namespace separatrix::SIMT
