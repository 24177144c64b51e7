#include "kernels/gated_delta_rule/delta.h"

#include <fmt/format.h>

#include <functional>

#include "kernels/isa.h"
#include "tests/catch.h"
#include "tests/kernels/delta_regimes.h"
#include "tests/kernels/delta_run.h"
#include "tests/kernels/yardstick.h"

using namespace separatrix;
using namespace separatrix::test;

namespace {

/// Yardstick of every result; the worst tensor's name in `worst`.
double worst_yardstick(const DeltaShape& s, const DeltaForm& form, const Regime& regime, Draw& d, std::string& worst) {
  const DeltaTensors<float> in = make_input(s, regime, d);
  const std::vector<float> d_o = d.normals(in.v.size()), d_state = d.normals(in.state.size());
  const std::vector<double> d_o64(d_o.begin(), d_o.end()), d_state64(d_state.begin(), d_state.end());
  const DeltaResult<double> truth = delta_reference<double>(s, form, cast<double>(in), d_o64, d_state64);
  const DeltaResult<float> plain = delta_reference<float>(s, form, in, d_o, d_state),
                           kernel = delta_kernel(s, form, in, d_o, d_state);
  double most = 0;
  for (std::size_t i = 0; i < named(truth).size(); ++i) {
    const double y = yardstick(*named(kernel)[i].second, *named(plain)[i].second, *named(truth)[i].second);
    if (!(y <= most)) most = y, worst = named(truth)[i].first;
  }
  return most;
}

/// Runs f under every instruction set this machine has.
void for_every_isa(const std::function<void(const std::string&)>& f) {
  const Isa before = isa();
  for (Isa set : {Isa::sse2, Isa::avx2, Isa::avx512}) {
    if (set > machine_isa()) continue;
    set_isa(set);
    f(isa_name(set));
  }
  set_isa(before);
}

const std::vector<int> lengths{1, 2, 3, 63, 64, 65, 100, 130};

DeltaShape shape_of(int length, std::size_t turn) {
  const DeltaShape shapes[] = {
      {2, length, 1, 2, 20, 36}, {2, length, 2, 2, 8, 16}, {1, length, 1, 1, 33, 7}, {1, length, 1, 2, 16, 48}};
  return shapes[turn % 4];
}

}  // namespace

TEST_CASE("the token recurrence's gradient by hand equals central differences") {
  for (const DeltaForm form : {DeltaForm{0.5f, true}, {0.5f, false}, {0.5f, true, false}, {0.5f, false, false}}) {
    const DeltaShape s{1, 5, 1, 2, 3, 4};
    Draw d(0, form.write_beta);
    DeltaTensors<double> in = cast<double>(make_input(s, regimes[0], d));
    const std::vector<float> d_o = d.normals(in.v.size()), d_state = d.normals(in.state.size());
    const std::vector<double> w(d_o.begin(), d_o.end()), ws(d_state.begin(), d_state.end());
    const auto loss = [&] {
      const DeltaResult<double> r = delta_reference<double>(s, form, in, w, ws);
      double sum = 0;
      for (std::size_t i = 0; i < w.size(); ++i) sum += w[i] * r.o[i];
      for (std::size_t i = 0; i < ws.size(); ++i) sum += ws[i] * r.final_state[i];
      return sum;
    };
    const DeltaTensors<double> gradient = delta_reference<double>(s, form, in, w, ws).gradient;
    for (auto tensor : {&DeltaTensors<double>::q, &DeltaTensors<double>::k, &DeltaTensors<double>::v, &DeltaTensors<double>::g,
                        &DeltaTensors<double>::beta, &DeltaTensors<double>::state}) {
      for (std::size_t i = 0; i < (in.*tensor).size(); ++i) {
        double& x = (in.*tensor)[i];
        const double keep = x, h = 1e-6;
        x = keep + h;
        const double up = loss();
        x = keep - h;
        const double down = loss();
        x = keep;
        REQUIRE((gradient.*tensor)[i] == Approx((up - down) / (2 * h)).epsilon(1e-6).margin(1e-7));
      }
    }
  }
}

TEST_CASE("the chunked delta rule equals its recurrence, forward and every gradient, in every regime and length, on every set") {
  for_every_isa([](const std::string& set) {
    for (std::size_t r = 0; r < regimes.size(); ++r) {
      double most = 0;
      std::string where;
      for (std::size_t l = 0; l < lengths.size(); ++l) {
        Draw d(static_cast<std::uint32_t>(r), l);
        const DeltaForm form{0.25f, (r + l) % 3 != 0};
        std::string tensor;
        const double y = worst_yardstick(shape_of(lengths[l], r + l), form, regimes[r], d, tensor);
        if (!(y <= most)) most = y, where = fmt::format("{} at length {}", tensor, lengths[l]);
      }
      INFO(set << ", " << regimes[r].name << ": " << most << " in " << where);
      CHECK(most <= regimes[r].limit);
    }
  });
}

TEST_CASE("without erasure the chunked delta rule equals its recurrence, forward and every gradient, on every set") {
  for_every_isa([](const std::string& set) {
    for (std::size_t r = 0; r < regimes.size(); ++r)
      for (const int length : {1, 31, 40, 200}) {
        Draw d(static_cast<std::uint32_t>(r), 1000 + length);
        std::string tensor;
        const double y = worst_yardstick(shape_of(length, r), {0.25f, r % 2 == 0, false}, regimes[r], d, tensor);
        INFO(set << ", " << regimes[r].name << ", length " << length << ": " << tensor);
        CHECK(y <= regimes[r].limit);
      }
  });
}

TEST_CASE("the chunked delta rule equals its recurrence over several segments of chunks") {
  for_every_isa([](const std::string& set) {
    for (const int length : {128, 129, 256, 420}) {  // a segment is four chunks of 32 (head.h)
      Draw d(9, length);
      std::string tensor;
      const double y = worst_yardstick(shape_of(length, length), {0.25f, true}, regimes[0], d, tensor);
      INFO(set << ", length " << length << ": " << y << " in " << tensor);
      CHECK(y <= regimes[0].limit);
    }
  });
}

TEST_CASE("yardsticks of the chunked delta rule, 20 draws per regime", "[.yardstick]") {
  for (const Regime& regime : regimes) {
    for (int length : {40, 128, 512}) {
      double most = 0, sum = 0;
      std::string worst;
      for (int i = 0; i < 20; ++i) {
        Draw d(100 + length, i);
        std::string tensor;
        const double y = worst_yardstick({1, length, 1, 1, 32, 32}, {0.2f, i % 2 == 0}, regime, d, tensor);
        sum += y;
        if (!(y <= most)) most = y, worst = tensor;
      }
      fmt::print("{:28} n = {:4}   mean {:6.2f}   worst {:6.2f} ({})\n", regime.name, length, sum / 20, most, worst);
    }
  }
}

TEST_CASE("two runs of the delta rule give the same bits") {
  for_every_isa([](const std::string& set) {
    INFO(set);
    const DeltaShape s{2, 100, 1, 2, 20, 36};
    Draw d(7, 0);
    const DeltaTensors<float> in = make_input(s, regimes[0], d);
    const std::vector<float> d_o = d.normals(in.v.size()), d_state = d.normals(in.state.size());
    const DeltaResult<float> a = delta_kernel(s, {}, in, d_o, d_state), b = delta_kernel(s, {}, in, d_o, d_state);
    for (std::size_t i = 0; i < named(a).size(); ++i) CHECK(*named(a)[i].second == *named(b)[i].second);
  });
}

TEST_CASE("a zero initial state and none are the same") {
  const DeltaShape s{1, 70, 1, 1, 16, 16};
  Draw d(8, 0);
  DeltaTensors<float> in = make_input(s, regimes[0], d);
  const std::vector<float> d_o = d.normals(in.v.size()), d_state = d.normals(in.state.size());
  in.state.assign(in.state.size(), 0);
  const DeltaResult<float> zero = delta_kernel(s, {}, in, d_o, d_state);
  in.state.clear();
  const DeltaResult<float> none = delta_kernel(s, {}, in, d_o, d_state);
  CHECK(zero.o == none.o);
  CHECK(zero.gradient.state == none.gradient.state);
}

TEST_CASE("a gate of exactly zero forgets everything before it") {
  const DeltaShape s{1, 70, 1, 1, 16, 16};
  Draw d(9, 0);
  DeltaTensors<float> in = make_input(s, regimes[0], d);
  const std::vector<float> d_o = d.normals(in.v.size()), d_state = d.normals(in.state.size());
  in.g[50] = -std::numeric_limits<float>::infinity();
  const std::vector<float> o = delta_kernel(s, {}, in, d_o, d_state).o;
  for (int t = 0; t < 50; ++t)
    for (int i = 0; i < 16; ++i) in.v[t * 16 + i] = 1;
  const std::vector<float> other = delta_kernel(s, {}, in, d_o, d_state).o;
  CHECK(std::vector<float>(o.begin() + 50 * 16, o.end()) == std::vector<float>(other.begin() + 50 * 16, other.end()));
  CHECK(o != other);
  for (float x : o) REQUIRE(std::isfinite(x));
}

TEST_CASE("a shape with a zero, or value heads that key heads do not divide, is refused") {
  CHECK_THROWS_WITH(delta_saved_size({1, 0, 1, 1, 4, 4}), Catch::Contains("length 0"));
  CHECK_THROWS_WITH(delta_workspace_size({1, 4, 2, 3, 4, 4}), Catch::Contains("3 and 2") || Catch::Contains("multiple"));
}
