// A delta-rule problem of packed sequences: drawn, computed by the definition, and run on the device.
#pragma once
#include <algorithm>
#include <cstring>

#include "kernels/gated_delta_rule/cuda.h"
#include "tests/cuda/device.h"
#include "tests/kernels/delta_regimes.h"
#include "tests/kernels/yardstick.h"

namespace separatrix::test {

using namespace separatrix::SIMT;

/// Lengths of the packed sequences; equal ones are passed as a length, not as starts.
using Lengths = std::vector<int>;

struct Problem {
  Lengths lengths;
  int key_heads, value_heads, key_dim, value_dim;
  DeltaForm form{0.25f, true};
  int tokens() const {
    int n = 0;
    for (const int l : lengths) n += l;
    return n;
  }
  bool equal() const {
    return std::all_of(lengths.begin(), lengths.end(), [&](int l) { return l == lengths[0]; });
  }
  /// As one sequence of all tokens, for drawing inputs.
  DeltaShape drawn() const { return {1, tokens(), key_heads, value_heads, key_dim, value_dim}; }
};

struct Drawn {
  DeltaTensors<float> in;
  std::vector<float> d_o, d_state;
};

/// Rounded to what T holds, so that the truth starts from the same numbers.
template <class T>
Drawn draw_problem(const Problem& p, const Regime& regime, Draw& d) {
  Drawn x{make_input(p.drawn(), regime, d), {}, {}};
  x.in.state = d.normals(p.lengths.size() * p.value_heads * p.key_dim * p.value_dim);
  x.d_o = d.normals(x.in.v.size()), x.d_state = d.normals(x.in.state.size());
  for (std::vector<float>* v : {&x.in.q, &x.in.k, &x.in.v, &x.d_o}) *v = to_floats(to_type<T>(*v));
  return x;
}

/// x / sqrt(|x|^2 + 1e-6) of every row of `dim`.
template <class N>
std::vector<N> divided(std::vector<N> rows, int dim) {
  for (std::size_t r = 0; r < rows.size(); r += dim) {
    N sum = N(1e-6);
    for (int i = 0; i < dim; ++i) sum += rows[r + i] * rows[r + i];
    for (int i = 0; i < dim; ++i) rows[r + i] /= std::sqrt(sum);
  }
  return rows;
}

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

/// The definition in N, sequence by sequence; `q` and `k` replace those drawn.
template <class N>
DeltaResult<N> reference(const Problem& p, const Drawn& x, const std::vector<N>* q = nullptr, const std::vector<N>* k = nullptr) {
  DeltaResult<N> all;
  int row = 0;
  for (std::size_t n = 0; n < p.lengths.size(); ++n) {
    const int length = p.lengths[n];
    const auto cut = [&](const auto& v, int width) {
      return std::vector<N>(v.begin() + std::ptrdiff_t(row) * width, v.begin() + std::ptrdiff_t(row + length) * width);
    };
    const int states = p.value_heads * p.key_dim * p.value_dim;
    const auto cut_state = [&](const std::vector<float>& v) {
      return std::vector<N>(v.begin() + std::ptrdiff_t(n) * states, v.begin() + std::ptrdiff_t(n + 1) * states);
    };
    const int key = p.key_heads * p.key_dim, value = p.value_heads * p.value_dim;
    const DeltaTensors<N> in{q ? cut(*q, key) : cut(x.in.q, key), k ? cut(*k, key) : cut(x.in.k, key), cut(x.in.v, value),
                             cut(x.in.g, p.value_heads),          cut(x.in.beta, p.value_heads),       cut_state(x.in.state)};
    const DeltaResult<N> r = delta_reference<N>({1, length, p.key_heads, p.value_heads, p.key_dim, p.value_dim}, p.form, in,
                                                cut(x.d_o, value), cut_state(x.d_state));
    append(all.o, r.o), append(all.final_state, r.final_state);
    append(all.gradient.q, r.gradient.q), append(all.gradient.k, r.gradient.k), append(all.gradient.v, r.gradient.v);
    append(all.gradient.g, r.gradient.g), append(all.gradient.beta, r.gradient.beta);
    append(all.gradient.state, r.gradient.state);
    row += length;
  }
  return all;
}

/// The definition in N on unit rows of q and k, with the gradient of x / sqrt(|x|^2 + 1e-6) by hand.
template <class N>
DeltaResult<N> unit_reference(const Problem& p, const Drawn& x) {
  const int dim = p.key_dim;
  DeltaTensors<N> in = cast<N>(x.in);
  std::vector<N> q = divided(in.q, dim), k = divided(in.k, dim);
  DeltaResult<N> result = reference<N>(p, x, &q, &k);
  for (auto [raw, direction, gradient] : {std::tuple(&in.q, &q, &result.gradient.q), {&in.k, &k, &result.gradient.k}})
    for (std::size_t r = 0; r < raw->size(); r += dim) {
      N sum = N(1e-6), along = 0;
      for (int i = 0; i < dim; ++i) sum += (*raw)[r + i] * (*raw)[r + i], along += (*direction)[r + i] * (*gradient)[r + i];
      for (int i = 0; i < dim; ++i) (*gradient)[r + i] = ((*gradient)[r + i] - (*direction)[r + i] * along) / std::sqrt(sum);
    }
  return result;
}

inline DeltaSizes sizes_of(const Problem& p, const DeviceArray<int>& starts) {
  DeltaSizes s;
  s.sequences = static_cast<int>(p.lengths.size()), s.tokens = p.tokens();
  s.key_heads = p.key_heads, s.value_heads = p.value_heads, s.key_dim = p.key_dim, s.value_dim = p.value_dim;
  if (p.equal())
    s.length = p.lengths[0];
  else
    s.starts = starts.data();
  return s;
}

/// A forward that no backward follows has the bits of one that keeps for it.
template <class T, std::size_t gap>
void check_alone(const DeltaVersion<T>& version, const DeltaSizes& s, const DeltaOptions& options, const DeltaArguments<T>& in,
                 const DeviceRows<T, gap>& o, const DeviceArray<float>& final_state) {
  if (version.forward_alone == version.forward) return;
  const std::size_t memory = version.alone_size(s);
  const DeviceArray<float> alone_state = poisoned(final_state.download().size()),
                           saved = poisoned(std::max<std::size_t>(memory, 1));
  const DeviceRows<T, gap> alone(s.tokens, s.value_heads * s.value_dim);
  version.forward_alone({}, s, options, in, alone.rows(), alone_state.data(), memory > 0 ? saved.data() : nullptr);
  const auto same = [](const std::vector<float>& a, const std::vector<float>& b) {  // NaN too
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
  };
  INFO(version.name << ", forward alone");
  CHECK(same(alone.values(), o.values()));
  CHECK(same(alone_state.download(), final_state.download()));
}

template <class T, std::size_t gap = 3>
DeltaResult<float> run(const DeltaVersion<T>& version, const Problem& p, const Drawn& x, bool unit_keys = false) {
  std::vector<int> first{0};
  for (const int l : p.lengths) first.push_back(first.back() + l);
  const DeviceArray<int> starts(first);
  const DeltaSizes s = sizes_of(p, starts);
  const std::size_t rows = p.tokens(), key = p.key_heads * p.key_dim, value = p.value_heads * p.value_dim, gate = p.value_heads;
  DeviceRows<T, gap> q(x.in.q, key), k(x.in.k, key), v(x.in.v, value), d_o(x.d_o, value), o(rows, value);
  DeviceRows<float> g(x.in.g, gate), beta(x.in.beta, gate), d_g(rows, gate), d_beta(rows, gate);
  DeviceRows<T, gap> d_q(rows, key), d_k(rows, key), d_v(rows, value);
  const DeviceArray<float> state(x.in.state), d_final(x.d_state),
      final_state = poisoned(x.in.state.size()), d_state = poisoned(x.in.state.size()), saved = poisoned(version.saved_size(s)),
      scratch = poisoned(version.scratch_size(s));
  const DeltaArguments<T> in{q.rows(), k.rows(), v.rows(), g.rows(), beta.rows(), state.data()};
  const DeltaOptions options{p.form.query_scale, p.form.write_beta, unit_keys};
  version.forward({}, s, options, in, o.rows(), final_state.data(), saved.data());
  check_alone(version, s, options, in, o, final_state);
  version.backward({}, s, options, in, saved.data(), d_o.rows(), d_final.data(),
                   {d_q.rows(), d_k.rows(), d_v.rows(), d_g.rows(), d_beta.rows(), d_state.data()}, scratch.data());
  return {o.values(),
          final_state.download(),
          {d_q.values(), d_k.values(), d_v.values(), d_g.values(), d_beta.values(), d_state.download()}};
}

}  // namespace separatrix::test
