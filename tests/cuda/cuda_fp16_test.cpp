// The gated delta rule with fp16 operands (v4, v6, v7) and half precision itself.  On a device or, in emulation, without one.
#include <fmt/format.h>

#include "kernels/cuda/fp16.h"
#include "tests/catch.h"
#include "tests/cuda/raw_problem.h"

using namespace separatrix;
using namespace separatrix::test;
using namespace separatrix::SIMT;

namespace {

/// v4; v6 with blocks of every width; v7 with chunks made by the block and loaded.
const std::vector<DeltaVersion<bf16>>& versions() {
  static const std::vector<DeltaVersion<bf16>> all{v4(), delta_fused(1), delta_fused(2), delta_owned(true), delta_owned(false)};
  return all;
}

void check_errors(const Problem& p, const Drawn& x, const std::string& what) {
  for (const DeltaVersion<bf16>& version : versions()) {
    std::string tensor;
    const double y = worst_of_11_bits(version, p, x, tensor);
    INFO(version.name << ", " << what << ": " << y << " in " << tensor);
    CHECK(y <= 1);
  }
}

Drawn times(Drawn x, float values, float gradients) {
  for (std::vector<float>* v : {&x.in.v, &x.in.state})
    for (float& e : *v) e *= values;
  for (std::vector<float>* v : {&x.d_o, &x.d_state})
    for (float& e : *v) e *= gradients;
  return x;
}

std::vector<float> times(std::vector<float> v, float factor) {
  for (float& e : v) e *= factor;
  return v;
}

}  // namespace

TEST_CASE("half precision: every number, what lies half way between two, and the ends of the range") {
  for (int bits = 0; bits < 0x7C00; ++bits) {
    const auto number = [](int b) { return b < 0x400 ? std::ldexp(b, -24) : std::ldexp(1024 + b % 1024, b / 1024 - 25); };
    const float x = to_float(fp16{static_cast<std::uint16_t>(bits)});
    REQUIRE(x == number(bits));
    REQUIRE(from_float<fp16>(x).bits == bits);
    REQUIRE(from_float<fp16>(-x).bits == (bits | 0x8000));
    const float middle = static_cast<float>((number(bits) + number(bits + 1)) / 2);  // behind the largest: 65520
    REQUIRE(from_float<fp16>(middle).bits == bits + bits % 2);
    REQUIRE(from_float<fp16>(std::nextafter(middle, 0.0f)).bits == bits);
    REQUIRE(from_float<fp16>(std::nextafter(middle, INFINITY)).bits == bits + 1);
  }
  CHECK(to_float(fp16{0xFC00}) == -INFINITY);
  CHECK(from_float<fp16>(1e30f).bits == 0x7C00);
  CHECK(std::isnan(to_float(from_float<fp16>(std::nanf("1")))));
}

TEST_CASE("the delta rule with fp16 operands errs by their 11 bits at every length, in every regime, on raw rows of any size") {
  const std::vector<Lengths> lengths{{1}, {5}, {63}, {64, 64}, {130}, {1, 70, 0, 64, 3}};
  for (std::size_t r = 0; r < regimes.size(); ++r) {
    const Lengths& l = lengths[r % lengths.size()];
    Problem p{l, r % 3 == 0 ? 2 : 1, 2, r % 4 == 1 ? 60 : 64, r % 5 == 2 ? 33 : 64};
    p.form.write_beta = r % 4 != 3;
    Draw d(70 + static_cast<std::uint32_t>(r), 0);
    check_errors(p, raw_problem(p, regimes[r], d), fmt::format("{}, length {}", regimes[r].name, l[0]));
  }
}

TEST_CASE("the delta rule with fp16 operands at the dimensions of the large models") {
  std::uint32_t turn = 0;
  for (const auto& [key_dim, value_dim] :
       std::vector<std::pair<int, int>>{{64, 128}, {96, 192}, {128, 128}, {128, 256}, {60, 100}, {100, 100}, {8, 16}}) {
    const Problem p{{turn % 2 == 0 ? 70 : 5}, 1, 1, key_dim, value_dim};
    Draw d(90 + turn++, 0);
    check_errors(p, raw_problem(p, regimes[3], d), fmt::format("{}/{}", key_dim, value_dim));
  }
}

TEST_CASE("values and gradients of any size: times a power of two, the delta rule with fp16 operands has the same bits") {
  const Problem p{{130, 7}, 1, 2, 32, 40};
  Draw d(85, 0);
  const Drawn x = raw_problem(p, regimes[1], d);
  for (const DeltaVersion<bf16>& version : versions()) {
    INFO(version.name);
    const DeltaResult<float> one = run(version, p, x, true);
    for (const auto& [values, gradients] : std::vector<std::pair<float, float>>{{0x1p40f, 0x1p-35f}, {0x1p-45f, 0x1p30f}}) {
      const DeltaResult<float> other = run(version, p, times(x, values, gradients), true);
      CHECK(other.o == times(one.o, values));
      CHECK(other.final_state == times(one.final_state, values));
      for (const auto part :
           {&DeltaTensors<float>::q, &DeltaTensors<float>::k, &DeltaTensors<float>::g, &DeltaTensors<float>::beta})
        CHECK(other.gradient.*part == times(one.gradient.*part, values * gradients));
      for (const auto part : {&DeltaTensors<float>::v, &DeltaTensors<float>::state})
        CHECK(other.gradient.*part == times(one.gradient.*part, gradients));
    }
  }
}

TEST_CASE("the delta rule with fp16 operands where one slab of values is much larger than the other") {
  const Problem p{{70}, 1, 1, 32, 64};
  for (const auto& [values, gradients] : std::vector<std::pair<float, float>>{{0x1p20f, 1.0f}, {0x1p20f, 0x1p-10f}}) {
    Draw d(87, 0);
    Drawn x = raw_problem(p, regimes[0], d);
    for (std::vector<float>* v : {&x.in.v, &x.in.state, &x.d_o, &x.d_state})
      for (std::size_t i = 0; i < v->size(); ++i)
        if (i % 64 >= 32) (*v)[i] *= v == &x.in.v || v == &x.in.state ? values : gradients;
    check_errors(p, x, fmt::format("{}, {}", values, gradients));
  }
}

TEST_CASE("the delta rule with fp16 operands where gradients come from the last tokens, the first, the state alone or nowhere") {
  const Problem p{{130}, 1, 2, 64, 64};
  const std::size_t row = 2 * 64;
  for (const auto& [name, early, late, state] :
       std::vector<std::tuple<std::string, float, float, float>>{{"late", 0x1p-20f, 0x1p15f, 1.0f},
                                                                 {"early", 0x1p15f, 0x1p-20f, 1.0f},
                                                                 {"state", 0.0f, 0.0f, 1.0f},
                                                                 {"outputs", 1.0f, 1.0f, 0.0f}}) {
    Draw d(88, 0);
    Drawn x = raw_problem(p, regimes[1], d);
    for (std::size_t i = 0; i < x.d_o.size(); ++i) x.d_o[i] *= i / row % 64 < 32 ? early : late;  // from warp to warp of a chunk
    for (float& e : x.d_state) e *= state;
    check_errors(p, x, name);
  }
  Draw d(89, 0);
  Drawn x = raw_problem(p, regimes[1], d);
  for (std::vector<float>* v : {&x.d_o, &x.d_state}) std::fill(v->begin(), v->end(), 0.0f);
  for (const DeltaVersion<bf16>& version : versions()) {
    const DeltaResult<float> all = run(version, p, x, true);
    for (const auto& [tensor, values] : named(all)) {
      INFO(version.name << " " << tensor);
      if (tensor[0] == 'd') CHECK(std::all_of(values->begin(), values->end(), [](float e) { return e == 0; }));
    }
  }
}

TEST_CASE("the delta rule with fp16 operands gives the same bits in every order, and for a sequence alone or among others") {
  const Problem both{{65, 65}, 1, 1, 64, 32}, first{{65}, 1, 1, 64, 32};
  Draw d(86, 0);
  const Drawn x = raw_problem(both, regimes[1], d);
  Drawn alone = x;
  for (auto [v, width] : {std::pair(&alone.in.q, 64), {&alone.in.k, 64}, {&alone.in.v, 32}, {&alone.in.g, 1}, {&alone.in.beta, 1}})
    v->resize(65 * width);
  alone.d_o.resize(65 * 32), alone.in.state.resize(64 * 32), alone.d_state.resize(64 * 32);
  for (const DeltaVersion<bf16>& version : versions()) {
    const DeltaResult<float> a = run(version, both, x, true), one = run(version, first, alone, true);
    for (std::uint64_t way = 0; way < other_thread_orders; ++way) {
      const OtherThreadOrder order(way);
      const DeltaResult<float> b = run(version, both, x, true);
      for (std::size_t i = 0; i < named(a).size(); ++i) {
        INFO(version.name << " " << named(a)[i].first);
        const std::vector<float>&whole = *named(a)[i].second, &part = *named(one)[i].second;
        CHECK(whole == *named(b)[i].second);
        CHECK(std::vector<float>(whole.begin(), whole.begin() + part.size()) == part);
      }
    }
  }
}

TEST_CASE("chunks that pass through the same places of shared memory by turns give the same bits in every order of the threads") {
  for (const int values : {64, 128}) {
    const Problem p{{330}, 1, 1, 64, values};
    Draw d(88, values);
    const Drawn x = raw_problem(p, regimes[1], d);
    for (const DeltaVersion<bf16>* version : {&delta_fused(2), &delta_owned(true), &delta_owned(false)}) {
      const DeltaResult<float> a = run(*version, p, x, true);
      for (std::uint64_t way = 0; way < other_thread_orders; ++way) {
        const OtherThreadOrder order(way);
        INFO(version->name << ", " << values << " values");
        const DeltaResult<float> b = run(*version, p, x, true);
        for (std::size_t i = 0; i < named(a).size(); ++i) {
          const bool same = *named(a)[i].second == *named(b)[i].second;
          CHECK(same);
        }
      }
    }
  }
}

TEST_CASE("a forward alone needs no memory where a block makes the chunks of its head: few values, many heads") {
  const std::vector<DeltaVersion<bf16>>& all = delta_versions<bf16>();
  const DeltaVersion<bf16>&v6 = all[5], &v7 = all[6];
  DeltaSizes s;
  s.sequences = 32, s.length = 100, s.tokens = 3200, s.key_heads = s.value_heads = 4, s.key_dim = s.value_dim = 64;
  CHECK(v6.alone_size(s) == 0);
  CHECK(v6.saved_size(s) == v4().saved_size(s));
  s.value_dim = 65;  // three slabs
  CHECK(v6.alone_size(s) > 0);
  s.value_dim = 128;  // two groups of 64
  CHECK(v7.alone_size(s) == 0);
  s.value_dim = 129;
  CHECK(v7.alone_size(s) > 0);
  s.value_dim = 64, s.key_dim = 65;
  CHECK(v7.alone_size(s) > 0);
  s.key_dim = 64, s.sequences = 16, s.tokens = 1600;  // less than half as many heads as multiprocessors
  CHECK(v6.alone_size(s) > 0);
  CHECK(v7.alone_size(s) > 0);
}

TEST_CASE("blocks of a width that is not compiled are refused") {
  CHECK_THROWS_WITH(delta_fused(3), Catch::Contains("blocks of 3 slabs"));
}
