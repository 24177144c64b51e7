#include "kernels/matmul/bf16.h"

#include <dnnl.hpp>
#include <map>

#include "kernels/isa.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

using dnnl::memory;

const dnnl::engine& cpu() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

struct Prepared {
  memory::desc a, b, c;
  dnnl::matmul product;
};

Prepared prepare(const Bf16Product& p) {
  using dims = memory::dims;
  const auto bf16 = memory::data_type::bf16;
  Prepared out;
  out.a = memory::desc({p.m, p.k}, bf16, p.transpose_a ? dims{1, p.m} : dims{p.k, 1});
  out.b = memory::desc({p.k, p.n}, bf16, p.transpose_b ? dims{1, p.k} : dims{p.n, 1});
  out.c = memory::desc({p.m, p.n}, memory::data_type::f32, dims{p.c_stride, 1});
  dnnl::primitive_attr attributes;
  if (p.accumulate) {
    dnnl::post_ops add;
    add.append_sum(1.0f);
    attributes.set_post_ops(add);
  }
  out.product = dnnl::matmul(dnnl::matmul::primitive_desc(dnnl::matmul::desc(out.a, out.b, out.c), attributes, cpu()));
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

}  // namespace separatrix
