// v4  for bf16 outside: one fp16 tensor-core product each (11 bits; raw keys are exact, their norms are applied in fp32), operands in
//     shared memory as the tensor cores read them (ldmatrix), the state and sums in registers; powers of two guard the range
//     (cuda_v4.h).  What is kept for the backward is fp16: half the bytes of v3, and no conversion where it is read.
//     floors on an H200 (4.3 TB/s, 790 TFLOP/s), forward / backward in us:
//       B 32 T 1024 H 4 64/64: bytes 16 / 28, arithmetic 10 / 26;  B 1 T 8192 H 30 96/192: bytes 66 / 111, arithmetic 57 / 153
//     predicted: a third of v3's arithmetic, half its traffic    not measured
//     error of o in emulation, 1,536 tokens 64/64, gate 1, beta 2, beside flash-linear-attention's roundings (cuda_accuracy_test.cpp):
//       random keys 3.0e-3 / 2.4e-2    5 keys 1.2e-2 / 1.8e-1    2 keys 9.5e-3 / 7.4e-1      (v3: 1.7e-3, 1.8e-3, 2.1e-3)
#include "kernels/gated_delta_rule/cuda_launch.h"
#include "kernels/gated_delta_rule/cuda_v4_forward.h"
#include "kernels/gated_delta_rule/cuda_v4_gradients.h"
#include "kernels/gated_delta_rule/cuda_v4_scan_back.h"

namespace separatrix::SIMT {
namespace v4 {
namespace {

/// f(integral_constant<int, v4::padded_keys(key_dim)>)
template <class F>
void for_padded_keys(int key_dim, F f) {
  for_keys(key_dim, [&](auto size) {
    constexpr int keys = decltype(size)::value;
    f(std::integral_constant<int, (keys < least_keys ? least_keys : keys)>{});
  });
}

struct Grids {
  Dim3 chunks, scans, keys, threads{delta_threads, 1, 1};
  explicit Grids(const DeltaSizes& s) {
    const auto slots = static_cast<unsigned>(slot_count(s)), heads = static_cast<unsigned>(s.value_heads);
    chunks = {slots, heads, 1}, keys = {slots, static_cast<unsigned>(s.key_heads), 1};
    scans = {static_cast<unsigned>(s.sequences), heads, static_cast<unsigned>(padded_values(s.value_dim) / slab)};
  }
};

void forward(Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<bf16>& in, Rows<bf16> out,
             float* final_state, float* saved_memory) {
  check_delta(s);
  const Saved saved = Plan(s).saved(saved_memory);
  const Grids grid(s);
  for_padded_keys(s.key_dim, [&](auto size) {
    constexpr int keys = decltype(size)::value;
    launch(stream, "delta_v4_prepare", prepare<keys>, grid.chunks, grid.threads, bytes(prepare_floats<keys>()), s, o, in, saved);
    launch(stream, "delta_v4_scan", scan<keys>, grid.scans, grid.threads, bytes(scan_floats<keys>()), s, o, in, saved, final_state);
    launch(stream, "delta_v4_output", output<keys>, grid.chunks, grid.threads, bytes(output_floats<keys>()), s, o, in, saved, out);
  });
}

void backward(Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<bf16>& in, const float* saved_memory,
              Rows<const bf16> d_out, const float* d_final_state, const DeltaGradients<bf16>& d_in, float* scratch_memory) {
  check_delta(s);
  const Plan plan(s);
  const Saved saved = plan.saved(const_cast<float*>(saved_memory));  // read only here
  const Scratch scratch = plan.scratch(scratch_memory);
  const Grids grid(s);
  for_padded_keys(s.key_dim, [&](auto size) {
    constexpr int keys = decltype(size)::value;
    launch(stream, "delta_v4_scan_back", scan_back<keys>, grid.scans, grid.threads, bytes(scan_back_floats<keys>()), s, o, saved,
           d_out, d_final_state, d_in.v, d_in.state, scratch);
    launch(stream, "delta_v4_gradients", gradients<keys>, grid.chunks, grid.threads, bytes(gradients_floats<keys>()), s, o, in,
           saved, scratch, d_out, d_in);
    if (!plan.shared_keys) return;
    DeltaSaved norms{};
    norms.norms = saved.norms_;
    DeltaScratch sums{};
    sums.d_q = scratch.d_q_, sums.d_k = scratch.d_k_;
    DeltaOptions scaled = o;
    scaled.query_scale = 1;  // dQ has it already
    launch(stream, "delta_finish", delta_finish<bf16, keys>, grid.keys, grid.threads, std::size_t{0}, s, scaled, in, norms, sums,
           d_in.q, d_in.k);
  });
}

}  // namespace
}  // namespace v4

DeltaVersion<bf16> delta_v4() {
  return {"v4_fp16",
          11,
          [](const DeltaSizes& s) { return v4::Plan(s).saved_size(); },
          [](const DeltaSizes& s) { return v4::Plan(s).scratch_size(); },
          v4::forward,
          v4::backward};
}

}  // namespace separatrix::SIMT
