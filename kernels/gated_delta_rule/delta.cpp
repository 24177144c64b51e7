// Cuts the work into (sequence, key head) pairs and hands each head to the kernels of the instruction set in force.
#include "kernels/gated_delta_rule/delta.h"

#include <omp.h>

#include <cstdint>

#include "kernels/gated_delta_rule/head.h"
#include "kernels/isa.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

/// Tokens per chunk at most.  32 measures best (delta.h) except for a sequence that fits into one chunk, which then needs no state:
/// with narrow keys the state is cheap and 32 still wins.
std::ptrdiff_t longest_chunk(const DeltaShape& s) {
  return s.length <= 64 && s.key_dim >= 32 ? 64 : 32;
}

std::ptrdiff_t round_up(std::ptrdiff_t n, std::ptrdiff_t to) {
  return (n + to - 1) / to * to;
}

/// Whole vectors of 16; shorter rows than 64 fall into enough sets of the cache as they are.
std::ptrdiff_t row_length(std::ptrdiff_t n) {
  const std::ptrdiff_t row = round_up(n, 16);
  return row < 64 ? row : row_stride<float>(row);
}

/// Chunks of nearly equal length: 33 tokens are 24 + 9, not 32 + 1, since the work within a chunk grows with its square.
DeltaPlan make_plan(const DeltaShape& s) {
  DeltaPlan plan;
  plan.length = s.length, plan.key_dim = s.key_dim, plan.value_dim = s.value_dim;
  const std::ptrdiff_t longest = longest_chunk(s);
  plan.chunks = (s.length + longest - 1) / longest;
  plan.chunk = round_up((s.length + plan.chunks - 1) / plan.chunks, 8);
  plan.chunks = (s.length + plan.chunk - 1) / plan.chunk;
  plan.chunk_row = row_length(plan.chunk), plan.k_row = row_length(s.key_dim), plan.v_row = row_length(s.value_dim);
  return plan;
}

std::size_t values_size(const DeltaPlan& plan) {
  return plan.length * plan.v_row;
}
std::size_t head_saved_size(const DeltaPlan& plan) {
  return values_size(plan) + (plan.segments() - 1) * plan.state_size();
}

/// The larger need, that of the backward: as taken in backward.h.
std::size_t scratch_size(const DeltaPlan& p) {
  return 12 * p.chunk_row + 6 * p.chunk * p.k_row + 5 * p.chunk * p.chunk_row + 2 * p.chunk * p.v_row +
         (p.segment + 1) * p.state_size() + (p.k_row + p.v_row) * p.chunk_row + p.v_row * p.k_row;
}

void check(const DeltaShape& s) {
  if (s.batch < 1 || s.length < 1 || s.key_heads < 1 || s.value_heads < 1 || s.key_dim < 1 || s.value_dim < 1)
    fail("gated delta rule: every size must be positive, got batch {}, length {}, heads {}/{}, dims {}/{}", s.batch, s.length,
         s.key_heads, s.value_heads, s.key_dim, s.value_dim);
  if (s.value_heads % s.key_heads != 0)
    fail("gated delta rule: value heads must be a multiple of key heads, got {} and {}", s.value_heads, s.key_heads);
}

float* aligned(float* p) {
  return reinterpret_cast<float*>((reinterpret_cast<std::uintptr_t>(p) + 63) / 64 * 64);
}

/// Rows from token 0 of sequence b on, first column `column`.
template <class T>
Rows<T> part(Rows<T> x, std::ptrdiff_t row, std::ptrdiff_t column) {
  return {x.data + row * x.stride + column, x.stride};
}

struct Call {
  DeltaShape shape;
  DeltaForm form;
  const DeltaInput& in;
  DeltaPlan plan;
  std::size_t saved_size;

  DeltaHead head(int b, int h, float* saved, float* scratch) const {
    const std::ptrdiff_t row = std::ptrdiff_t{b} * shape.length, kh = h / (shape.value_heads / shape.key_heads);
    const std::ptrdiff_t index = std::ptrdiff_t{b} * shape.value_heads + h;
    float* values = saved ? saved + index * saved_size : nullptr;
    return {plan,
            form,
            part(in.q, row, kh * shape.key_dim),
            part(in.k, row, kh * shape.key_dim),
            part(in.v, row, std::ptrdiff_t{h} * shape.value_dim),
            part(in.g, row, h),
            part(in.beta, row, h),
            in.state ? in.state + index * shape.key_dim * shape.value_dim : nullptr,
            values,
            values ? values + values_size(plan) : nullptr,
            scratch};
  }
};

}  // namespace

std::size_t delta_saved_size(const DeltaShape& shape) {
  check(shape);
  return std::size_t{1} * shape.batch * shape.value_heads * head_saved_size(make_plan(shape)) + 16;
}

std::size_t delta_workspace_size(const DeltaShape& shape) {
  check(shape);
  return threads() * scratch_size(make_plan(shape)) + 16;
}

void delta_forward(const DeltaShape& shape, const DeltaForm& form, const DeltaInput& in, Rows<float> o, float* final_state,
                   float* saved, float* workspace) {
  check(shape);
  const Call call{shape, form, in, make_plan(shape), head_saved_size(make_plan(shape))};
  const auto kernel = for_isa(sse2::delta_kernels, avx2::delta_kernels, avx512::delta_kernels).forward;
  if (saved) saved = aligned(saved);
  workspace = aligned(workspace);
  const std::size_t state_size = std::size_t{1} * shape.key_dim * shape.value_dim, scratch = scratch_size(call.plan);
#pragma omp parallel for schedule(static)
  for (int i = 0; i < shape.batch * shape.value_heads; ++i) {
    const int b = i / shape.value_heads, h = i % shape.value_heads;
    const std::ptrdiff_t row = std::ptrdiff_t{b} * shape.length;
    kernel({call.head(b, h, saved, workspace + omp_get_thread_num() * scratch), part(o, row, std::ptrdiff_t{h} * shape.value_dim),
            final_state ? final_state + (std::size_t{1} * b * shape.value_heads + h) * state_size : nullptr});
  }
}

void delta_backward(const DeltaShape& shape, const DeltaForm& form, const DeltaInput& in, const float* saved, Rows<const float> d_o,
                    const float* d_final_state, const DeltaInputGradient& d_in, float* workspace) {
  check(shape);
  const Call call{shape, form, in, make_plan(shape), head_saved_size(make_plan(shape))};
  const auto kernel = for_isa(sse2::delta_kernels, avx2::delta_kernels, avx512::delta_kernels).backward;
  float* kept = aligned(const_cast<float*>(saved));  // read only; the head's pointers serve both directions
  workspace = aligned(workspace);
  const std::size_t state_size = std::size_t{1} * shape.key_dim * shape.value_dim, scratch = scratch_size(call.plan);
  const int group = shape.value_heads / shape.key_heads;
  // The value heads of one key head stay on one thread, in order: their sums d_q, d_k do not depend on the number of threads.
#pragma omp parallel for schedule(static)
  for (int i = 0; i < shape.batch * shape.key_heads; ++i) {
    for (int member = 0; member < group; ++member) {
      const int b = i / shape.key_heads, kh = i % shape.key_heads, h = kh * group + member;
      const std::ptrdiff_t row = std::ptrdiff_t{b} * shape.length, value = std::ptrdiff_t{h} * shape.value_dim;
      const std::ptrdiff_t key = std::ptrdiff_t{kh} * shape.key_dim;
      const std::size_t index = std::size_t{1} * b * shape.value_heads + h;
      kernel({call.head(b, h, kept, workspace + omp_get_thread_num() * scratch), part(d_o, row, value),
              d_final_state ? d_final_state + index * state_size : nullptr, part(d_in.q, row, key), part(d_in.k, row, key),
              part(d_in.v, row, value), part(d_in.g, row, h), part(d_in.beta, row, h),
              d_in.state ? d_in.state + index * state_size : nullptr, member > 0});
    }
  }
}

}  // namespace separatrix
