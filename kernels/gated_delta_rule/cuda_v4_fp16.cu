// v4  for bf16 outside: one fp16 tensor-core product each (11 bits; raw keys are exact, their norms are applied in fp32), operands in
//     shared memory as the tensor cores read them (ldmatrix), the state and sums in registers; powers of two guard the range
//     (cuda_v4.h).  What is kept for the backward is fp16: half the bytes of v3, and no conversion where it is read.
//     floors on an H200 (4.3 TB/s, 790 TFLOP/s), forward / backward in us:
//       B 32 T 1024 H 4 64/64: bytes 16 / 28, arithmetic 10 / 26;  B 1 T 8192 H 30 96/192: bytes 66 / 111, arithmetic 57 / 153
//     predicted: a third of v3's arithmetic, half its traffic.  Backward at 64/64, from the compiled code and assumed latencies:
//     scan_back 38 us: 950 instructions a warp and chunk, at most 12 products one behind the other, 4 barriers (45 us: 1,060, 20, 4, before
//     what does not wait for the state was made a chunk ahead); gradients 66 us: 4,450 instructions a warp, 5 barriers, three blocks a
//     multiprocessor, 60 % of the issue slots (125 us: 7,200, 11, two, before pairs stayed in registers)    not measured
//     error of o in emulation, 1,536 tokens 64/64, gate 1, beta 2, beside flash-linear-attention's roundings (cuda_accuracy_test.cpp):
//       random keys 2.9e-3 / 2.4e-2    5 keys 1.3e-2 / 1.8e-1    2 keys 9.9e-3 / 7.4e-1      (v3: 1.7e-3, 1.8e-3, 2.1e-3)
#include "kernels/gated_delta_rule/cuda_v4_forward.h"
#include "kernels/gated_delta_rule/cuda_v4_gradients.h"
#include "kernels/gated_delta_rule/cuda_v4_launch.h"
#include "kernels/gated_delta_rule/cuda_v4_scan_back.h"

namespace separatrix::SIMT {
namespace v4 {

/// grid (slots, value_heads)
template <int keys>
__global__ void __launch_bounds__(delta_threads, keys > 64 ? 2 : 3)  // blocks of a multiprocessor: with more, registers spill
    gradients(DeltaSizes s, DeltaOptions o, DeltaArguments<bf16> in, Saved saved, Scratch scratch, Rows<const bf16> d_out,
              DeltaGradients<bf16> d_in) {
  const ChunkPlace at = place_of_slot(s, blockIdx.x);
  if (at.count <= 0) return;
  Gradients<keys> c{s, o, in, saved, scratch, at, static_cast<int>(blockIdx.y)};
  c.fetch_states(0, 0);
  c.read(d_out, 0);
  c.load();
  float square[chunk / 8][4], wide[keys / 8][4];
  clear(square), clear(wide);
  c.output_products(d_out, square, wide);
  const float fit_p = c.query_gradient(square, wide);
  c.read(in.v, 0);
  const TwoRows q_factors(c.q_factors, c.first());
  c.finish(wide, c.q, q_factors.x, fit_p, 0, d_in.q, scratch.d_q_);
  float to_end[keys / 8][4], dots[2] = {0, 0};
  clear(square), clear(wide), clear(to_end);
  c.value_products(square, wide, to_end, dots);
  const float fit = c.key_gradient(square, wide, to_end, dots);
  c.finish(wide, c.k, {1.0f, 1.0f}, fit, 1, d_in.k, scratch.d_k_);
  c.gate_gradients(d_in.g, d_in.beta);
}

void prepare_chunks(Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<bf16>& in, const Saved& saved) {
  const Grids grid(s);
  for_padded_keys(s.key_dim, [&](auto size) {
    constexpr int keys = decltype(size)::value;
    launch(stream, "delta_v4_prepare", prepare<keys>, grid.chunks, grid.threads, bytes(prepare_floats<keys>()), s, o, in, saved);
  });
}

void forward_from(const Pieces& pieces, Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<bf16>& in,
                  Rows<bf16> out, float* final_state, const Saved& saved) {
  const Grids grid(s, pieces);
  for_padded_keys(s.key_dim, [&](auto size) {
    constexpr int keys = decltype(size)::value;
    launch(stream, "delta_v4_scan", scan<keys, false>, grid.scans, grid.threads, bytes(scan_floats<keys>()), s, o, in, saved, pieces,
           final_state);
    launch(stream, "delta_v4_output", output<keys>, grid.chunks, grid.threads, bytes(output_floats<keys>()), s, o, in, saved, out);
  });
}

void backward_from(const Pieces& pieces, Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<bf16>& in,
                   const Saved& saved, Rows<const bf16> d_out, const float* d_final_state, const DeltaGradients<bf16>& d_in,
                   const Scratch& scratch) {
  const Grids grid(s, pieces);
  for_padded_keys(s.key_dim, [&](auto size) {
    constexpr int keys = decltype(size)::value;
    launch(stream, "delta_v4_scan_back", scan_back<keys, false>, grid.scans, grid.threads, bytes(scan_back_floats<keys>()), s, o,
           saved, pieces, d_out, d_final_state, d_in.v, d_in.state, scratch);
    launch(stream, "delta_v4_gradients", gradients<keys>, grid.chunks, grid.threads, bytes(gradients_floats<keys>()), s, o, in,
           saved, scratch, d_out, d_in);
    if (!scratch.d_q_) return;
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

}  // namespace v4

DeltaVersion<bf16> delta_v4() {
  return {"v4_fp16",
          11,
          [](const DeltaSizes& s) { return v4::Plan(s).saved_size(); },
          [](const DeltaSizes& s) { return v4::Plan(s).scratch_size(); },
          [](Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<bf16>& in, Rows<bf16> out,
             float* final_state, float* saved_memory) {
            check_delta(s);
            const v4::Saved saved = v4::Plan(s).saved(saved_memory);
            v4::prepare_chunks(stream, s, o, in, saved);
            v4::forward_from({}, stream, s, o, in, out, final_state, saved);
          },
          [](Stream stream, const DeltaSizes& s, const DeltaOptions& o, const DeltaArguments<bf16>& in, const float* saved,
             Rows<const bf16> d_out, const float* d_final_state, const DeltaGradients<bf16>& d_in, float* scratch) {
            check_delta(s);
            const v4::Plan plan(s);
            v4::backward_from({}, stream, s, o, in, plan.saved(const_cast<float*>(saved)), d_out, d_final_state, d_in,
                              plan.scratch(scratch));
          }};
}

}  // namespace separatrix::SIMT
