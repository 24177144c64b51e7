// The gated delta rule on the GPU against the token recurrence in double: every version, awkward lengths and dimensions, the hard
// regimes, packed sequences, both number formats.  Runs on a device or, in emulation, without one.
#include <fmt/format.h>

#include "kernels/gated_delta_rule/cuda.h"
#include "tests/catch.h"
#include "tests/cuda/device.h"
#include "tests/kernels/delta_regimes.h"
#include "tests/kernels/yardstick.h"

using namespace separatrix;
using namespace separatrix::test;
using namespace separatrix::SIMT;

namespace {

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

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

/// The definition in N, sequence by sequence.
template <class N>
DeltaResult<N> reference(const Problem& p, const Drawn& x) {
  DeltaResult<N> all;
  int row = 0;
  for (std::size_t n = 0; n < p.lengths.size(); ++n) {
    const int length = p.lengths[n];
    const auto cut = [&](const std::vector<float>& v, int width) {
      return std::vector<N>(v.begin() + std::ptrdiff_t(row) * width, v.begin() + std::ptrdiff_t(row + length) * width);
    };
    const int states = p.value_heads * p.key_dim * p.value_dim;
    const auto cut_state = [&](const std::vector<float>& v) {
      return std::vector<N>(v.begin() + std::ptrdiff_t(n) * states, v.begin() + std::ptrdiff_t(n + 1) * states);
    };
    const int key = p.key_heads * p.key_dim, value = p.value_heads * p.value_dim;
    const DeltaTensors<N> in{
        cut(x.in.q, key),     cut(x.in.k, key), cut(x.in.v, value), cut(x.in.g, p.value_heads), cut(x.in.beta, p.value_heads),
        cut_state(x.in.state)};
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

DeltaSizes sizes_of(const Problem& p, const DeviceArray<int>& starts) {
  DeltaSizes s;
  s.sequences = static_cast<int>(p.lengths.size()), s.tokens = p.tokens();
  s.key_heads = p.key_heads, s.value_heads = p.value_heads, s.key_dim = p.key_dim, s.value_dim = p.value_dim;
  if (p.equal())
    s.length = p.lengths[0];
  else
    s.starts = starts.data();
  return s;
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
      final_state = poisoned(x.in.state.size()), d_state = poisoned(x.in.state.size()), saved = poisoned(delta_saved_size(s)),
      scratch = poisoned(delta_scratch_size(s));
  const DeltaArguments<T> in{q.rows(), k.rows(), v.rows(), g.rows(), beta.rows(), state.data()};
  const DeltaOptions options{p.form.query_scale, p.form.write_beta, unit_keys};
  version.forward({}, s, options, in, o.rows(), final_state.data(), saved.data());
  version.backward({}, s, options, in, saved.data(), d_o.rows(), d_final.data(),
                   {d_q.rows(), d_k.rows(), d_v.rows(), d_g.rows(), d_beta.rows(), d_state.data()}, scratch.data());
  return {o.values(),
          final_state.download(),
          {d_q.values(), d_k.values(), d_v.values(), d_g.values(), d_beta.values(), d_state.download()}};
}

/// What T cannot hold is not the kernel's error: the plain results are rounded as the kernel's are.
template <class T>
void round_outputs(DeltaResult<float>& r) {
  for (std::vector<float>* v : {&r.o, &r.gradient.q, &r.gradient.k, &r.gradient.v}) *v = to_floats(to_type<T>(*v));
}

/// The yardstick measures in units of fp32's rounding; results kept in fp32 are measured in those of the products' operands.
template <class T>
double unit_of(const DeltaVersion<T>& version, const std::string& tensor) {
  const bool rounded = sizeof(T) == 2 && (tensor == "o" || tensor == "dq" || tensor == "dk" || tensor == "dv");
  return rounded ? 1 : version.operand_bits < 20 ? std::ldexp(1.0, 24 - version.operand_bits) : 1;
}

template <class T>
double worst_yardstick(const DeltaVersion<T>& version, const Problem& p, const Regime& regime, Draw& d, std::string& worst) {
  const Drawn x = draw_problem<T>(p, regime, d);
  const DeltaResult<double> truth = reference<double>(p, x);
  DeltaResult<float> plain = reference<float>(p, x);
  round_outputs<T>(plain);
  const DeltaResult<float> kernel = run(version, p, x);
  double most = 0;
  for (std::size_t i = 0; i < named(truth).size(); ++i) {
    const double y = yardstick(*named(kernel)[i].second, *named(plain)[i].second, *named(truth)[i].second) /
                     unit_of(version, named(truth)[i].first);
    if (!(y <= most)) most = y, worst = named(truth)[i].first;
  }
  return most;
}

const std::vector<Lengths> lengths{{1}, {2}, {3}, {5}, {8}, {63}, {64}, {65, 65}, {130}, {1, 70, 0, 64, 3}};

}  // namespace

TEST_CASE("the delta rule on the device equals the token recurrence at every length, in every regime") {
  for (const DeltaVersion<float>& version : delta_versions<float>())
    for (std::size_t r = 0; r < regimes.size(); ++r) {
      double most = 0;
      std::string where;
      for (std::size_t l = r % 2; l < lengths.size(); l += 2) {
        const bool grouped = (r + l) % 3 == 0;
        Problem p{lengths[l], 1, grouped ? 2 : 1, (r + l) % 4 == 1 ? 20 : 16, (r + l) % 5 == 2 ? 33 : 32};
        p.form.write_beta = (r + l) % 4 != 3;
        Draw d(static_cast<std::uint32_t>(40 + r), l);
        std::string tensor;
        const double y = worst_yardstick(version, p, regimes[r], d, tensor);
        if (!(y <= most)) most = y, where = fmt::format("{} of length {}", tensor, lengths[l][0]);
      }
      INFO(version.name << ", " << regimes[r].name << ": " << most << " in " << where);
      CHECK(most <= regimes[r].limit);
    }
}

TEST_CASE("the delta rule on the device at the dimensions of the large models") {
  std::size_t turn = 0;
  for (const auto& [key_dim, value_dim] : std::vector<std::pair<int, int>>{{64, 64}, {64, 128}, {96, 192}, {128, 256}, {60, 100}})
    for (const DeltaVersion<float>& version : delta_versions<float>()) {
      Problem p{{turn % 2 == 0 ? 70 : 5}, 1, 1, key_dim, value_dim};
      Draw d(60, turn++);
      std::string tensor;
      const double y = worst_yardstick(version, p, regimes[3], d, tensor);
      INFO(version.name << ", " << key_dim << "/" << value_dim << ": " << y << " in " << tensor);
      CHECK(y <= regimes[3].limit);
    }
}

TEST_CASE("the delta rule on the device in bf16 errs by the rounding of its outputs") {
  for (const DeltaVersion<bf16>& version : delta_versions<bf16>())
    for (const std::size_t r : {std::size_t{0}, std::size_t{4}}) {
      Draw d(61, r);
      std::string tensor;
      const double y = worst_yardstick(version, {{70, 9}, 1, 2, 32, 64}, regimes[r], d, tensor);
      INFO(version.name << ", " << regimes[r].name << ": " << y << " in " << tensor);
      CHECK(y <= regimes[r].limit);
    }
}

TEST_CASE("rows aligned to 16 bytes, which the delta rule on the device copies ahead, give the bits of rows that are not") {
  const Problem p{{70, 64, 0, 130}, 1, 1, 32, 40};
  Draw d(66, 0);
  const Drawn x = draw_problem<bf16>(p, regimes[1], d);
  for (const DeltaVersion<bf16>& version : delta_versions<bf16>()) {
    const DeltaResult<float> apart = run(version, p, x), aligned = run<bf16, 0>(version, p, x);
    const DeltaResult<float> shuffled = [&] {
      const OtherThreadOrder order(2);
      return run<bf16, 0>(version, p, x);
    }();
    for (std::size_t i = 0; i < named(apart).size(); ++i) {
      INFO(version.name << " " << named(apart)[i].first);
      CHECK(*named(apart)[i].second == *named(aligned)[i].second);
      CHECK(*named(aligned)[i].second == *named(shuffled)[i].second);
    }
  }
}

TEST_CASE("unit keys folded into the delta rule on the device equal keys that were divided before") {
  const Problem p{{70}, 1, 2, 24, 32};
  Draw d(62, 0);
  Drawn x = draw_problem<float>(p, regimes[2], d);
  for (std::vector<float>* v : {&x.in.q, &x.in.k})
    for (std::size_t i = 0; i < v->size(); ++i) (*v)[i] *= 3 + static_cast<float>(i / 24 % 5);
  // The same in N, with the gradient of x / sqrt(|x|^2 + 1e-6) by hand.
  const auto divided = [&]<class N>(N) {
    DeltaTensors<N> unit = cast<N>(x.in);
    for (std::vector<N>* v : {&unit.q, &unit.k})
      for (std::size_t r = 0; r < v->size(); r += 24) {
        N sum = N(1e-6);
        for (int i = 0; i < 24; ++i) sum += (*v)[r + i] * (*v)[r + i];
        for (int i = 0; i < 24; ++i) (*v)[r + i] /= std::sqrt(sum);
      }
    DeltaResult<N> result = delta_reference<N>(p.drawn(), p.form, unit, std::vector<N>(x.d_o.begin(), x.d_o.end()),
                                               std::vector<N>(x.d_state.begin(), x.d_state.end()));
    for (auto [raw, direction, gradient] :
         {std::tuple(&x.in.q, &unit.q, &result.gradient.q), {&x.in.k, &unit.k, &result.gradient.k}})
      for (std::size_t r = 0; r < raw->size(); r += 24) {
        N sum = N(1e-6), along = 0;
        for (int i = 0; i < 24; ++i) sum += N((*raw)[r + i]) * N((*raw)[r + i]), along += (*direction)[r + i] * (*gradient)[r + i];
        for (int i = 0; i < 24; ++i) (*gradient)[r + i] = ((*gradient)[r + i] - (*direction)[r + i] * along) / std::sqrt(sum);
      }
    return result;
  };
  const DeltaResult<double> truth = divided(0.0);
  const DeltaResult<float> plain = divided(0.0f);
  for (const DeltaVersion<float>& version : delta_versions<float>()) {
    const DeltaResult<float> kernel = run(version, p, x, true);
    for (std::size_t i = 0; i < named(truth).size(); ++i) {
      INFO(version.name << " " << named(truth)[i].first);
      CHECK(yardstick(*named(kernel)[i].second, *named(plain)[i].second, *named(truth)[i].second) <= regimes[2].limit);
    }
  }
}

TEST_CASE("the delta rule on the device gives the same bits in every run, and for a sequence alone or among others") {
  const Problem both{{65, 65}, 1, 1, 16, 32};
  Draw d(63, 0);
  const Drawn x = draw_problem<float>(both, regimes[1], d);
  const Problem first{{65}, 1, 1, 16, 32};
  Drawn alone = x;
  for (auto [v, width] : {std::pair(&alone.in.q, 16), {&alone.in.k, 16}, {&alone.in.v, 32}, {&alone.in.g, 1}, {&alone.in.beta, 1}})
    v->resize(65 * width);
  alone.d_o.resize(65 * 32), alone.in.state.resize(16 * 32), alone.d_state.resize(16 * 32);
  for (const DeltaVersion<float>& version : delta_versions<float>()) {
    const DeltaResult<float> a = run(version, both, x), one = run(version, first, alone);
    const DeltaResult<float> b = [&] {
      const OtherThreadOrder shuffled(1);
      return run(version, both, x);
    }();
    for (std::size_t i = 0; i < named(a).size(); ++i) {
      INFO(version.name << " " << named(a)[i].first);
      CHECK(*named(a)[i].second == *named(b)[i].second);
      const std::vector<float>&whole = *named(a)[i].second, &part = *named(one)[i].second;
      CHECK(std::vector<float>(whole.begin(), whole.begin() + part.size()) == part);
    }
  }
}

TEST_CASE("decoding token by token on the device follows the recurrence") {
  for (const bool write_beta : {true, false}) {
    Problem p{{6}, 1, 2, 20, 40};
    p.form.write_beta = write_beta;
    Draw d(64, write_beta);
    const Drawn x = draw_problem<float>(p, regimes[0], d);
    const DeltaResult<double> truth = reference<double>(p, x);
    const DeltaResult<float> plain = reference<float>(p, x);
    DeltaSizes s;
    s.sequences = 1, s.length = 1, s.tokens = 1, s.key_heads = 1, s.value_heads = 2, s.key_dim = 20, s.value_dim = 40;
    const DeviceArray<float> state(x.in.state);
    DeviceRows<float> q(x.in.q, 20), k(x.in.k, 20), v(x.in.v, 80), g(x.in.g, 2), beta(x.in.beta, 2), o(6, 80);
    const auto at = [](const DeviceRows<float>& rows, int t) { return Rows<float>{rows.rows().row(t), rows.rows().stride}; };
    for (int t = 0; t < 6; ++t)
      delta_decode<float>({}, s, {p.form.query_scale, write_beta, false}, {at(q, t), at(k, t), at(v, t), at(g, t), at(beta, t)},
                          state.data(), at(o, t));
    CHECK(yardstick(o.values(), plain.o, truth.o) <= regimes[0].limit);
    CHECK(yardstick(state.download(), plain.final_state, truth.final_state) <= regimes[0].limit);
  }
}

TEST_CASE("a gate of exactly zero, no initial state, and sizes without a kernel, on the device") {
  const Problem p{{70}, 1, 1, 16, 16};
  Draw d(65, 0);
  Drawn x = draw_problem<float>(p, regimes[0], d);
  x.in.g[50] = -std::numeric_limits<float>::infinity();
  for (const DeltaVersion<float>& version : delta_versions<float>()) {
    const DeltaResult<float> before = run(version, p, x);
    Drawn other = x;
    for (int i = 0; i < 50 * 16; ++i) other.in.v[i] = 1;
    const std::vector<float> a = before.o, b = run(version, p, other).o;
    CHECK(std::vector<float>(a.begin() + 50 * 16, a.end()) == std::vector<float>(b.begin() + 50 * 16, b.end()));
    CHECK(a != b);
    for (const auto& [name, values] : named(before))
      for (const float e : *values) REQUIRE(std::isfinite(e));
  }
  DeltaSizes s;
  s.sequences = 1, s.length = 4, s.tokens = 4, s.key_heads = 1, s.value_heads = 1, s.key_dim = 160, s.value_dim = 64;
  CHECK_THROWS_WITH(check_delta(s), Catch::Contains("160/64"));
  s.key_dim = 64, s.value_heads = 3, s.key_heads = 2;
  CHECK_THROWS_WITH(check_delta(s), Catch::Contains("3 and 2"));
}
