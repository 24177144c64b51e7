// The gated delta rule on the GPU against the token recurrence in double: every version, awkward lengths and dimensions, the hard
// regimes, packed sequences, both number formats.  Runs on a device or, in emulation, without one.
#include <fmt/format.h>

#include "tests/catch.h"
#include "tests/cuda/delta_problem.h"

using namespace separatrix;
using namespace separatrix::test;
using namespace separatrix::SIMT;

namespace {

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
  for (const auto& [key_dim, value_dim] :
       std::vector<std::pair<int, int>>{{64, 64}, {64, 128}, {96, 192}, {128, 128}, {128, 256}, {60, 100}, {100, 100}})
    for (const DeltaVersion<float>& version : delta_versions<float>()) {
      Problem p{{turn % 2 == 0 ? 70 : 5}, 1, 1, key_dim, value_dim};
      Draw d(60, turn++);
      std::string tensor;
      const double y = worst_yardstick(version, p, regimes[3], d, tensor);
      INFO(version.name << ", " << key_dim << "/" << value_dim << ": " << y << " in " << tensor);
      CHECK(y <= regimes[3].limit);
    }
}

TEST_CASE("the delta rule on the device over long sequences") {
#ifdef SEPARATRIX_EMULATED
  const Problem p{{520}, 1, 1, 16, 16};  // one thread at a time: what a device does in a blink takes minutes
#else
  const Problem p{{2048, 8192}, 1, 2, 64, 64};
#endif
  for (const DeltaVersion<float>& version : delta_versions<float>()) {
    Draw d(67, 0);
    std::string tensor;
    const double y = worst_yardstick(version, p, regimes[0], d, tensor);
    INFO(version.name << ": " << y << " in " << tensor);
    CHECK(y <= regimes[0].limit);
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
    for (std::uint64_t way = 0; way < other_thread_orders; ++way) {
      const OtherThreadOrder order(way);
      const DeltaResult<float> again = run<bf16, 0>(version, p, x);
      for (std::size_t i = 0; i < named(apart).size(); ++i) {
        INFO(version.name << " " << named(apart)[i].first);
        CHECK(*named(apart)[i].second == *named(aligned)[i].second);
        CHECK(*named(aligned)[i].second == *named(again)[i].second);
      }
    }
  }
}

TEST_CASE("unit keys folded into the delta rule on the device equal keys that were divided before") {
  const Problem p{{70}, 1, 2, 24, 32};
  Draw d(62, 0);
  Drawn x = draw_problem<float>(p, regimes[2], d);
  for (std::vector<float>* v : {&x.in.q, &x.in.k})
    for (std::size_t i = 0; i < v->size(); ++i) (*v)[i] *= 3 + static_cast<float>(i / 24 % 5);
  const DeltaResult<double> truth = unit_reference<double>(p, x);
  const DeltaResult<float> plain = unit_reference<float>(p, x);
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
    for (std::uint64_t way = 0; way < other_thread_orders; ++way) {
      const OtherThreadOrder order(way);
      const DeltaResult<float> b = run(version, both, x);
      for (std::size_t i = 0; i < named(a).size(); ++i) {
        INFO(version.name << " " << named(a)[i].first);
        CHECK(*named(a)[i].second == *named(b)[i].second);
        const std::vector<float>&whole = *named(a)[i].second, &part = *named(one)[i].second;
        CHECK(std::vector<float>(whole.begin(), whole.begin() + part.size()) == part);
      }
    }
  }
}

TEST_CASE("a gate below zero, whose logarithm is no number, shows on the device in every version") {
  const auto shows = [](const auto& version, auto type) {
    const Problem p{{70}, 1, 1, 32, 32};
    Draw d(68, 0);
    Drawn x = draw_problem<decltype(type)>(p, regimes[0], d);
    x.in.g[50] = std::nanf("");
    const DeltaResult<float> r = run(version, p, x, true);
    INFO(version.name);
    CHECK(std::isnan(r.o[50 * 32]));
    CHECK(std::isnan(r.final_state[0]));
    CHECK(std::isnan(r.gradient.g[50]));
  };
  for (const DeltaVersion<float>& version : delta_versions<float>()) shows(version, float{});
  for (const DeltaVersion<bf16>& version : delta_versions<bf16>()) shows(version, bf16{});
}

TEST_CASE("keys that are not unit, or beta above 2, do not go to a version with fp16 operands") {
  DeltaSizes s;
  s.sequences = s.key_heads = s.value_heads = 1, s.length = s.tokens = 64, s.key_dim = s.value_dim = 64;
  DeltaOptions o;
  const auto bits = [&] { return delta_version<bf16>(s, o).operand_bits; };
  CHECK(bits() > 11);
  o.unit_keys = true;
  CHECK(bits() == 11);
  o.wide_beta = true;
  CHECK(bits() > 11);
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
