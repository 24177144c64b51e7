#include "kernels/matmul/bf16.h"

#include <dnnl.hpp>
#include <map>
#include <string_view>

#include "kernels/isa.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

using dnnl::memory;

const dnnl::engine& cpu() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

using dims = memory::dims;

/// (rows, cols) at `stride`, seen through its transposition or as it stands.
memory::desc strided(std::ptrdiff_t rows, std::ptrdiff_t cols, std::ptrdiff_t stride, bool transposed,
                     memory::data_type type = memory::data_type::bf16) {
  return memory::desc({rows, cols}, type, transposed ? dims{1, stride} : dims{stride, 1});
}

/// The order of B (k, n) that oneDNN picks when it may: it depends on n, not on the rows of A, so any number of them serves.
const memory::desc& packed_order(std::ptrdiff_t k, std::ptrdiff_t n) {
  thread_local std::map<std::pair<std::ptrdiff_t, std::ptrdiff_t>, memory::desc> known;
  memory::desc& order = known[{k, n}];
  if (order.is_zero()) {
    constexpr std::ptrdiff_t rows = 128;
    const memory::desc any({k, n}, memory::data_type::bf16, memory::format_tag::any);
    const memory::desc c = strided(rows, n, n, false, memory::data_type::f32);
    order = dnnl::matmul::primitive_desc(dnnl::matmul::desc(strided(rows, k, k, false), any, c), cpu()).weights_desc();
  }
  return order;
}

struct Prepared {
  memory::desc a, b, c;
  dnnl::matmul product;
};

Prepared prepare(const Bf16Product& p) {
  Prepared out;
  out.a = strided(p.m, p.k, p.a_stride, p.transpose_a);
  out.b = p.b_stride > 0 ? strided(p.k, p.n, p.b_stride, p.transpose_b) : packed_order(p.k, p.n);
  out.c = strided(p.m, p.n, p.c_stride, false, memory::data_type::f32);
  dnnl::primitive_attr attributes;
  if (p.accumulate) {
    dnnl::post_ops add;
    add.append_sum(1.0f);
    attributes.set_post_ops(add);
  }
  const dnnl::matmul::primitive_desc chosen(dnnl::matmul::desc(out.a, out.b, out.c), attributes, cpu());
  if (std::string_view(chosen.impl_info_str()).starts_with("ref"))
    fail("bf16 product of size ({}, {}, {}): oneDNN has no fast kernel for rows {}, {} and {} numbers apart", p.m, p.n, p.k,
         p.a_stride, p.b_stride, p.c_stride);
  out.product = dnnl::matmul(chosen);
  return out;
}

/// One cache per thread: a primitive's scratch memory belongs to the thread that made it.
const Prepared& prepared(const Bf16Product& p) {
  constexpr std::size_t most = 1024;  // shapes change with the curriculum; old ones must not pile up
  thread_local std::map<Bf16Product, Prepared> cache;
  const auto found = cache.find(p);
  if (found != cache.end()) return found->second;
  if (cache.size() >= most) cache.clear();
  return cache.emplace(p, prepare(p)).first->second;
}

}  // namespace

void matmul_bf16(Bf16Product product, const std::uint16_t* a, const std::uint16_t* b, float* c) {
  product.threads = threads();
  try {
    const Prepared& p = prepared(product);
    thread_local dnnl::stream stream(cpu());
    p.product.execute(stream, {{DNNL_ARG_SRC, memory(p.a, cpu(), const_cast<std::uint16_t*>(a))},
                               {DNNL_ARG_WEIGHTS, memory(p.b, cpu(), const_cast<std::uint16_t*>(b))},
                               {DNNL_ARG_DST, memory(p.c, cpu(), c)}});
    stream.wait();
  } catch (const dnnl::error& e) {
    fail("oneDNN refused a bf16 product of size ({}, {}, {}): {}", product.m, product.n, product.k, e.what());
  }
}

void pack_bf16(std::ptrdiff_t k, std::ptrdiff_t n, Rows<const float> b, bool transpose_b, AlignedVector<std::uint16_t>& packed) {
  try {
    const memory::desc& order = packed_order(k, n);
    packed.resize(order.get_size() / sizeof(std::uint16_t));
    const memory from(strided(k, n, b.stride, transpose_b, memory::data_type::f32), cpu(), const_cast<float*>(b.data));
    const memory to(order, cpu(), packed.data());
    dnnl::stream stream(cpu());
    dnnl::reorder(from, to).execute(stream, const_cast<memory&>(from), const_cast<memory&>(to));
    stream.wait();
  } catch (const dnnl::error& e) {
    fail("oneDNN refused to order a weight of size ({}, {}): {}", k, n, e.what());
  }
}

}  // namespace separatrix
