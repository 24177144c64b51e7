// The gated delta rule and matrix products, timed (bench_measure.h).
#include "kernels/cuda/bench_measure.h"
#include "kernels/cuda/operations.h"
#include "kernels/gated_delta_rule/cuda.h"
#include "kernels/gated_delta_rule/delta.h"
#include "kernels/matmul/cuda.h"

namespace separatrix::SIMT {
namespace {

/// One drawn set of inputs and outputs of the delta rule.
template <class T>
struct DeltaSet {
  DeltaSizes s;
  int keys, values;
  std::vector<float> q, k, v, g, beta, d_o;
  DeviceArray<T> dq, dk, dv, dd_o, o, g_q, g_k, g_v;
  DeviceArray<float> dg, dbeta, g_g, g_beta, saved, scratch;
  DeltaOptions options;

  DeltaSet(const KernelBench& b, int length, std::uint64_t seed)
      : s{b.batch, length, nullptr, b.batch * length, b.heads, b.heads, b.key_dim, b.value_dim},
        keys(b.heads * b.key_dim),
        values(b.heads * b.value_dim) {
    const auto n = static_cast<std::size_t>(s.tokens);
    const auto drawn = [&](int columns, int which, double low, double high) {
      std::vector<float> x =
          uniform(n * static_cast<std::size_t>(columns), seed * 8 + static_cast<std::uint64_t>(which), low, high);
      if (which < 4)
        for (float& e : x) e = to_float(from_float<T>(e));
      return x;
    };
    q = drawn(keys, 0, -1, 1), k = drawn(keys, 1, -1, 1), v = drawn(values, 2, -1, 1), d_o = drawn(values, 3, -1, 1);
    g = drawn(b.heads, 4, -0.1, 0), beta = drawn(b.heads, 5, 0, 2);
    dq = DeviceArray<T>(rounded<T>(q)), dk = DeviceArray<T>(rounded<T>(k)), dv = DeviceArray<T>(rounded<T>(v));
    dd_o = DeviceArray<T>(rounded<T>(d_o)), dg = DeviceArray<float>(g), dbeta = DeviceArray<float>(beta);
    o.reserve(v.size()), g_q.reserve(q.size()), g_k.reserve(k.size()), g_v.reserve(v.size());
    g_g.reserve(g.size()), g_beta.reserve(beta.size());
    check_delta(s);
    for (const DeltaVersion<T>& version : delta_versions<T>())
      saved.reserve(version.saved_size(s)), scratch.reserve(version.scratch_size(s));
    options = {1 / std::sqrt(static_cast<float>(b.key_dim)), true, true};
  }
  DeltaArguments<T> arguments() const {
    return {{dq.data(), keys},
            {dk.data(), keys},
            {dv.data(), values},
            {dg.data(), s.value_heads},
            {dbeta.data(), s.value_heads},
            nullptr};
  }
  void forward(const DeltaVersion<T>& version) const {
    version.forward({}, s, options, arguments(), {o.data(), values}, nullptr, saved.data());
  }
  void forward_alone(const DeltaVersion<T>& version) const {
    version.forward_alone({}, s, options, arguments(), {o.data(), values}, nullptr, saved.data());
  }
  void backward(const DeltaVersion<T>& version) const {
    version.backward({}, s, options, arguments(), saved.data(), {dd_o.data(), values}, nullptr,
                     {{g_q.data(), keys},
                      {g_k.data(), keys},
                      {g_v.data(), values},
                      {g_g.data(), s.value_heads},
                      {g_beta.data(), s.value_heads},
                      nullptr},
                     scratch.data());
  }
};

/// The worst distance of o and of the gradients of v, g and beta to the CPU kernel on keys divided before.
template <class T>
double delta_error(const DeltaSet<T>& x, const DeltaVersion<T>& version) {
  x.forward(version), x.backward(version);
  const int dim = x.s.key_dim;
  std::vector<float> q = x.q, k = x.k;
  for (std::vector<float>* rows : {&q, &k})
    for (std::size_t r = 0; r < rows->size(); r += static_cast<std::size_t>(dim)) {
      double sum = 1e-6;
      for (int i = 0; i < dim; ++i) sum += static_cast<double>((*rows)[r + i]) * (*rows)[r + i];
      for (int i = 0; i < dim; ++i) (*rows)[r + i] = static_cast<float>((*rows)[r + i] / std::sqrt(sum));
    }
  const DeltaShape shape{x.s.sequences, x.s.length, x.s.key_heads, x.s.value_heads, dim, x.s.value_dim};
  const DeltaInput in{{q.data(), x.keys},
                      {k.data(), x.keys},
                      {x.v.data(), x.values},
                      {x.g.data(), shape.value_heads},
                      {x.beta.data(), shape.value_heads}};
  std::vector<float> o(x.v.size()), saved(separatrix::delta_saved_size(shape)), workspace(delta_workspace_size(shape));
  std::vector<float> d_q(q.size()), d_k(q.size()), d_v(o.size()), d_g(x.g.size()), d_beta(x.g.size());
  const DeltaForm form{x.options.query_scale, true};
  separatrix::delta_forward(shape, form, in, {o.data(), x.values}, nullptr, saved.data(), workspace.data());
  separatrix::delta_backward(shape, form, in, saved.data(), {x.d_o.data(), x.values}, nullptr,
                             {{d_q.data(), x.keys},
                              {d_k.data(), x.keys},
                              {d_v.data(), x.values},
                              {d_g.data(), shape.value_heads},
                              {d_beta.data(), shape.value_heads},
                              nullptr},
                             workspace.data());
  return std::max({distance(x.o.download(), o), distance(x.g_v.download(), d_v), distance(x.g_g.download(), d_g),
                   distance(x.g_beta.download(), d_beta)});
}

template <class T>
std::vector<KernelSpeed> bench_delta_in(const KernelBench& b) {
  const double bandwidth = copy_bandwidth(), rate = product_rate(), tokens = static_cast<double>(b.batch) * b.length * b.heads;
  const double key = b.key_dim, value = b.value_dim, chunk = 64, size = sizeof(T);
  KernelBench small = b;
  small.batch = 1, small.heads = std::min(b.heads, 2);
  const DeltaSet<T> check(small, check_length, 100);
  const DeltaSet<T> timed(b, b.length, 0);
  std::vector<KernelSpeed> speeds;
  for (const DeltaVersion<T>& version : delta_versions<T>()) {
    const double error = delta_error(check, version);
    require_right(std::string("the gated delta rule, ") + version.name + ",", error, b.precision);
    KernelSpeed forward{version.name, "forward"}, backward{version.name, "backward"};
    forward.flops = tokens * (6 * key * value + 4 * chunk * (key + value));
    forward.bytes = tokens * (size * (2 * key + 2 * value) + 8);
    backward.flops = tokens * (16 * key * value + 10 * chunk * value + 12 * chunk * key);
    backward.bytes = tokens * (size * (4 * key + 3 * value) + 16);
    measure_version(speeds, b.repeats, timed, version, {forward, backward}, {bandwidth, rate, error});
    if (version.forward_alone == version.forward) continue;
    KernelSpeed alone = speeds[speeds.size() - 2];
    alone.pass = "forward_alone";
    measure(alone, b.repeats, [&] { timed.forward_alone(version); });
    speeds.push_back(alone);
  }
  return speeds;
}

}  // namespace

std::vector<KernelSpeed> bench_delta(const KernelBench& b) {
  require_device();
  return b.precision == Precision::fp32 ? bench_delta_in<float>(b) : bench_delta_in<bf16>(b);
}

double product_gigaflops(Precision precision) {
  require_device();
#ifdef SEPARATRIX_EMULATED
  constexpr std::ptrdiff_t side = 64;
#else
  constexpr std::ptrdiff_t side = 8192;
#endif
  const std::vector<float> x = uniform(side * side, 1, -1, 1);
  const DeviceArray<float> a(x), c(side * side);
  const DeviceArray<bf16> narrow(side * side);
  round_rows({}, side, side, {a.data(), side}, {narrow.data(), side});
  const DeviceOperand operand{
      side, side, {a.data(), side}, precision == Precision::bf16 ? Rows<const bf16>{narrow.data(), side} : Rows<const bf16>{}};
  Products products;
  KernelSpeed speed;
  measure(speed, 10, [&] { products.run({}, operand, false, operand, false, Rows<float>{c.data(), side}); });
  return 2e-9 * side * side * side / speed.fastest;
}

}  // namespace separatrix::SIMT
