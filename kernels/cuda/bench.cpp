// Each measurement: device clocks around single calls after a warm-up, inputs rotated so that the cache does not keep them.
#include "kernels/cuda/bench.h"

#include <algorithm>
#include <cmath>

#include "kernels/attention/cuda.h"
#include "kernels/cuda/bf16.h"
#include "kernels/cuda/operations.h"
#include "kernels/gated_delta_rule/cuda.h"
#include "kernels/gated_delta_rule/delta.h"
#include "kernels/matmul/cuda.h"
#include "tasks/rng.h"

namespace separatrix::SIMT {
namespace {

constexpr std::size_t input_sets = 4;
constexpr int check_length = 150;

std::vector<float> uniform(std::size_t n, std::uint64_t stream, double low, double high) {
  Rng rng = draw(5, Purpose::test, 2, stream);
  std::vector<float> x(n);
  for (float& e : x) e = static_cast<float>(low + (high - low) * (rng.next() / 4294967296.0));
  return x;
}

template <class T>
std::vector<T> rounded(const std::vector<float>& x) {
  std::vector<T> y;
  for (const float e : x) y.push_back(from_float<T>(e));
  return y;
}

/// |a - b| / |b|; infinite when a is not finite.
template <class T>
double distance(const std::vector<T>& a, const std::vector<float>& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const double d = static_cast<double>(to_float(a[i])) - b[i];
    difference += d * d, norm += static_cast<double>(b[i]) * b[i];
  }
  const double ratio = std::sqrt(difference / norm);
  return std::isfinite(ratio) ? ratio : INFINITY;
}

void require_right(const std::string& what, double error, Precision precision) {
  // A wrong kernel errs by the order of 1; rounding by less than these.
  const double limit = precision == Precision::fp32 ? 1e-3 : 0.1;
  if (!(error < limit))
    refuse("bench: " + what + " is " + std::to_string(error) + " away from the CPU kernel (at most " + std::to_string(limit) +
           "): no speed is reported");
}

/// Times f(set) on the device.
template <class F>
void measure(KernelSpeed& speed, int repeats, const F& f) {
  for (std::size_t set = 0; set < input_sets; ++set) f(set);
  std::vector<double> times;
  for (int i = 0; i < repeats; ++i) times.push_back(seconds_of({}, [&] { f(static_cast<std::size_t>(i) % input_sets); }));
  std::sort(times.begin(), times.end());
  const auto quantile = [&](double q) { return times[static_cast<std::size_t>(q * static_cast<double>(times.size() - 1))]; };
  speed.seconds = quantile(0.5), speed.fastest = times.front(), speed.spread = (quantile(0.9) - quantile(0.1)) / speed.seconds;
}

/// Bytes per second of a copy in device memory, read and write counted.
double copy_bandwidth() {
#ifdef SEPARATRIX_EMULATED
  constexpr std::size_t bytes = std::size_t{1} << 16;
#else
  constexpr std::size_t bytes = std::size_t{1} << 28;
#endif
  const DeviceArray<unsigned char> from(bytes), to(bytes);
  zero_async({}, from.data(), bytes);
  KernelSpeed speed;
  measure(speed, 20, [&](std::size_t) { copy_async({}, to.data(), from.data(), bytes); });
  return 2.0 * bytes / speed.seconds;
}

/// FLOP/s of a large bf16 product: what the tensor cores reach.
double product_rate() {
  return 1e9 * product_gigaflops(Precision::bf16);
}

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
    saved.reserve(delta_saved_size(s)), scratch.reserve(delta_scratch_size(s));
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
  std::vector<DeltaSet<T>> sets;
  for (std::size_t i = 0; i < input_sets; ++i) sets.emplace_back(b, b.length, i);
  std::vector<KernelSpeed> speeds;
  for (const DeltaVersion<T>& version : delta_versions<T>()) {
    const double error = delta_error(check, version);
    require_right(std::string("the gated delta rule, ") + version.name + ",", error, b.precision);
    KernelSpeed forward{version.name, "forward"}, backward{version.name, "backward"};
    forward.flops = tokens * (6 * key * value + 4 * chunk * (key + value));
    forward.bytes = tokens * (size * (2 * key + 2 * value) + 8);
    backward.flops = tokens * (16 * key * value + 10 * chunk * value + 12 * chunk * key);
    backward.bytes = tokens * (size * (4 * key + 3 * value) + 16);
    measure(forward, b.repeats, [&](std::size_t set) { sets[set].forward(version); });
    measure(backward, b.repeats, [&](std::size_t set) { sets[set].backward(version); });
    for (KernelSpeed* s : {&forward, &backward})
      s->bandwidth = bandwidth, s->product_rate = rate, s->error = error, speeds.push_back(*s);
  }
  return speeds;
}

struct AttentionSet {
  AttentionShape s;
  std::ptrdiff_t columns;
  std::vector<float> values[4];  // q, k, v, dout
  DeviceArray<float> in[4], out, lse, gradient[3];

  AttentionSet(const KernelBench& b, int length, std::uint64_t seed)
      : s{b.batch, length, b.heads, b.key_dim}, columns(static_cast<std::ptrdiff_t>(b.heads) * b.key_dim) {
    const auto n = static_cast<std::size_t>(s.batch * s.length * columns);
    for (std::size_t i = 0; i < 4; ++i) values[i] = uniform(n, seed * 8 + i, -1, 1), in[i] = DeviceArray<float>(values[i]);
    out.reserve(n), lse.reserve(static_cast<std::size_t>(s.batch * s.heads * s.length));
    for (DeviceArray<float>& g : gradient) g.reserve(n);
  }
  Rows<float> rows(const DeviceArray<float>& x) const { return {x.data(), columns}; }
  void forward(const AttentionVersion& version) const {
    version.forward({}, s, rows(in[0]), rows(in[1]), rows(in[2]), rows(out), lse.data());
  }
  void backward(const AttentionVersion& version) const {
    version.backward({}, s, {rows(in[0]), rows(in[1]), rows(in[2]), rows(out), lse.data()}, rows(in[3]), rows(gradient[0]),
                     rows(gradient[1]), rows(gradient[2]));
  }
};

double attention_error(AttentionSet& x, const AttentionVersion& version) {
  x.forward(version), x.backward(version);
  const auto here = [&](std::vector<float>& v) { return Rows<float>{v.data(), x.columns}; };
  std::vector<float> out(x.values[0].size()), lse(x.lse.size()), d[3];
  for (std::vector<float>& g : d) g.resize(out.size());
  separatrix::attention_forward(x.s, here(x.values[0]), here(x.values[1]), here(x.values[2]), here(out), lse.data());
  separatrix::attention_backward(x.s, {here(x.values[0]), here(x.values[1]), here(x.values[2]), here(out), lse.data()},
                                 here(x.values[3]), here(d[0]), here(d[1]), here(d[2]));
  double worst = distance(x.out.download(), out);
  for (int i = 0; i < 3; ++i) worst = std::max(worst, distance(x.gradient[i].download(), d[i]));
  return worst;
}

}  // namespace

std::vector<KernelSpeed> bench_delta(const KernelBench& b) {
  require_device();
  return b.precision == Precision::fp32 ? bench_delta_in<float>(b) : bench_delta_in<bf16>(b);
}

std::vector<KernelSpeed> bench_attention(const KernelBench& b) {
  require_device();
  KernelBench small = b;
  small.batch = 1, small.heads = std::min(b.heads, 2);
  AttentionSet check(small, check_length, 100);
  std::vector<AttentionSet> sets;
  for (std::size_t i = 0; i < input_sets; ++i) sets.emplace_back(b, b.length, i);
  const double elements = static_cast<double>(b.batch) * b.length * b.heads * b.key_dim;
  const double bandwidth = copy_bandwidth(), rate = product_rate();
  std::vector<KernelSpeed> speeds;
  for (const AttentionVersion& version : attention_versions()) {
    const double error = attention_error(check, version);
    require_right(std::string("attention, ") + version.name + ",", error, Precision::fp32);
    KernelSpeed forward{version.name, "forward"}, backward{version.name, "backward"};
    forward.flops = elements * 2 * b.length, backward.flops = elements * 5 * b.length;  // what the causal mask leaves
    forward.bytes = 4 * 4 * elements, backward.bytes = 4 * 8 * elements;
    measure(forward, b.repeats, [&](std::size_t set) { sets[set].forward(version); });
    measure(backward, b.repeats, [&](std::size_t set) { sets[set].backward(version); });
    for (KernelSpeed* s : {&forward, &backward})
      s->bandwidth = bandwidth, s->product_rate = rate, s->error = error, speeds.push_back(*s);
  }
  return speeds;
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
  round_rows({}, side, side, {a.data(), side}, narrow.data());
  const DeviceOperand operand{side, side, {a.data(), side}, precision == Precision::bf16 ? narrow.data() : nullptr};
  Products products;
  KernelSpeed speed;
  measure(speed, 10, [&](std::size_t) { products.run({}, operand, false, operand, false, {c.data(), side}); });
  return 2e-9 * side * side * side / speed.fastest;
}

}  // namespace separatrix::SIMT
