// Causal attention, timed (bench_measure.h).
#include "kernels/attention/cuda.h"
#include "kernels/cuda/bench_measure.h"

namespace separatrix::SIMT {
namespace {

/// One drawn set of inputs and outputs.
template <class T>
struct AttentionSet {
  AttentionShape s;
  std::ptrdiff_t columns;
  std::vector<float> values[4];  // q, k, v, dout
  DeviceArray<T> in[4], out, gradient[3];
  DeviceArray<float> lse, row_dots;

  AttentionSet(const KernelBench& b, int length, std::uint64_t seed)
      : s{b.batch, length, b.heads, b.key_dim}, columns(static_cast<std::ptrdiff_t>(b.heads) * b.key_dim) {
    const auto n = static_cast<std::size_t>(s.batch * s.length * columns);
    for (std::size_t i = 0; i < 4; ++i) {
      values[i] = uniform(n, seed * 8 + i, -1, 1);
      for (float& e : values[i]) e = to_float(from_float<T>(e));
      in[i] = DeviceArray<T>(rounded<T>(values[i]));
    }
    const auto rows = static_cast<std::size_t>(s.batch * s.length * s.heads);
    out.reserve(n), lse.reserve(rows), row_dots.reserve(rows);
    for (DeviceArray<T>& g : gradient) g.reserve(n);
  }
  Rows<T> rows(const DeviceArray<T>& x) const { return {x.data(), columns}; }
  void forward(const AttentionVersion<T>& version) const {
    version.forward({}, s, rows(in[0]), rows(in[1]), rows(in[2]), rows(out), lse.data());
  }
  void backward(const AttentionVersion<T>& version) const {
    version.backward({}, s, {rows(in[0]), rows(in[1]), rows(in[2]), rows(out), lse.data()}, rows(in[3]), row_dots.data(),
                     rows(gradient[0]), rows(gradient[1]), rows(gradient[2]));
  }
};

/// The worst distance of the output and the gradients to the CPU kernel.
template <class T>
double attention_error(AttentionSet<T>& x, const AttentionVersion<T>& version) {
  x.forward(version), x.backward(version);
  const auto here = [&](std::vector<float>& v) { return Rows<float>{v.data(), x.columns}; };
  std::vector<float> out(x.values[0].size()), lse(x.lse.size()), d[3];
  for (std::vector<float>& g : d) g.resize(out.size());
  attention_forward(x.s, here(x.values[0]), here(x.values[1]), here(x.values[2]), here(out), lse.data());
  attention_backward(x.s, {here(x.values[0]), here(x.values[1]), here(x.values[2]), here(out), lse.data()}, here(x.values[3]),
                     here(d[0]), here(d[1]), here(d[2]));
  double worst = distance(x.out.download(), out);
  for (int i = 0; i < 3; ++i) worst = std::max(worst, distance(x.gradient[i].download(), d[i]));
  return worst;
}

template <class T>
std::vector<KernelSpeed> bench_attention_in(const KernelBench& b) {
  KernelBench small = b;
  small.batch = 1, small.heads = std::min(b.heads, 2);
  AttentionSet<T> check(small, check_length, 100);
  const AttentionSet<T> timed(b, b.length, 0);
  const double elements = static_cast<double>(b.batch) * b.length * b.heads * b.key_dim;
  const double bandwidth = copy_bandwidth(), rate = product_rate();
  std::vector<KernelSpeed> speeds;
  for (const AttentionVersion<T>& version : attention_versions<T>()) {
    const double error = attention_error(check, version);
    require_right(std::string("attention, ") + version.name + ",", error, b.precision);
    KernelSpeed forward{version.name, "forward"}, backward{version.name, "backward"};
    forward.flops = elements * 2 * b.length, backward.flops = elements * 5 * b.length;  // what the causal mask leaves
    forward.bytes = sizeof(T) * 4 * elements, backward.bytes = sizeof(T) * 8 * elements;
    measure_version(speeds, b.repeats, timed, version, {forward, backward}, {bandwidth, rate, error});
  }
  return speeds;
}

}  // namespace

std::vector<KernelSpeed> bench_attention(const KernelBench& b) {
  require_device();
  return b.precision == Precision::fp32 ? bench_attention_in<float>(b) : bench_attention_in<bf16>(b);
}

}  // namespace separatrix::SIMT
