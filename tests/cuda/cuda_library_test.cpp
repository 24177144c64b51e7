// The plain C interface of the kernels, and the speeds' own gate.
#include "kernels/cuda/bench.h"
#ifdef SEPARATRIX_EMULATED
#include "kernels/cuda/c_api.h"
#endif
#include "kernels/attention/cuda.h"
#include "kernels/gated_delta_rule/cuda.h"
#include "tests/catch.h"
#include "tests/cuda/device.h"
#include "tests/kernels/delta_regimes.h"
#include "tests/kernels/support.h"
#include "tests/kernels/yardstick.h"

using namespace separatrix;
using namespace separatrix::test;
using namespace separatrix::SIMT;

// On a GPU the interface lies in libseparatrix_kernels.so, which kernels/bench/cuda_peers.py loads and checks.
#ifdef SEPARATRIX_EMULATED
TEST_CASE("the C interface runs forward, backward and decoding, and reports errors as text") {
  const DeltaShape shape{2, 7, 1, 2, 8, 12};
  const DeltaForm form{0.5f, true};
  Draw d(70, 0);
  const DeltaTensors<float> in = make_input(shape, regimes[0], d);
  const std::vector<float> d_o = d.normals(in.v.size()), d_state = d.normals(in.state.size());
  const std::vector<double> d_o64(d_o.begin(), d_o.end()), d_state64(d_state.begin(), d_state.end());
  const DeltaResult<double> truth = delta_reference<double>(shape, form, cast<double>(in), d_o64, d_state64);
  const DeltaResult<float> plain = delta_reference<float>(shape, form, in, d_o, d_state);
  separatrix_delta s{2, 7, nullptr, 14, 1, 2, 8, 12, 0.5f, 1, 0, 0, 0};
  size_t saved_size = 0, scratch_size = 0;
  REQUIRE(separatrix_delta_memory(&s, &saved_size, &scratch_size) == 0);
  const DeviceArray<float> q(in.q), k(in.k), v(in.v), g(in.g), beta(in.beta), state(in.state), dd_o(d_o), dd_state(d_state);
  const auto like = [](const std::vector<float>& x) { return poisoned(x.size()); };
  const DeviceArray<float> o = like(in.v), final_state = like(in.state), saved = poisoned(saved_size),
                           scratch = poisoned(scratch_size);
  const DeviceArray<float> d_q = like(in.q), d_k = like(in.k), d_v = like(in.v), d_g = like(in.g), d_beta = like(in.beta),
                           d_initial = like(in.state);
  for (s.version = 0; s.version <= 2; ++s.version) {
    REQUIRE(separatrix_delta_forward(&s, q.data(), k.data(), v.data(), g.data(), beta.data(), state.data(), o.data(),
                                     final_state.data(), saved.data(), nullptr) == 0);
    REQUIRE(separatrix_delta_backward(&s, q.data(), k.data(), v.data(), g.data(), beta.data(), state.data(), saved.data(),
                                      dd_o.data(), dd_state.data(), d_q.data(), d_k.data(), d_v.data(), d_g.data(), d_beta.data(),
                                      d_initial.data(), scratch.data(), nullptr) == 0);
    const DeltaResult<float> kernel{
        o.download(),
        final_state.download(),
        {d_q.download(), d_k.download(), d_v.download(), d_g.download(), d_beta.download(), d_initial.download()}};
    size_t alone_size = 0;
    REQUIRE(separatrix_delta_alone_memory(&s, &alone_size) == 0);
    const DeviceArray<float> alone = like(in.v), alone_state = like(in.state), memory = poisoned(alone_size);
    REQUIRE(separatrix_delta_forward_alone(&s, q.data(), k.data(), v.data(), g.data(), beta.data(), state.data(), alone.data(),
                                           alone_state.data(), memory.data(), nullptr) == 0);
    CHECK(alone.download() == kernel.o);
    CHECK(alone_state.download() == kernel.final_state);
    for (std::size_t i = 0; i < named(truth).size(); ++i) {
      INFO(named(truth)[i].first);
      CHECK(yardstick(*named(kernel)[i].second, *named(plain)[i].second, *named(truth)[i].second) <= regimes[0].limit);
    }
  }
  s.version = 3;
  CHECK(separatrix_delta_forward(&s, q.data(), k.data(), v.data(), g.data(), beta.data(), nullptr, o.data(), nullptr, saved.data(),
                                 nullptr) == 2);
  CHECK(std::string(separatrix_error()).find("version 3 of 2") != std::string::npos);
}

TEST_CASE("the C interface runs attention in fp32 and bf16, every version") {
  const std::size_t n = 2 * 9 * 2 * 8, rows = 2 * 9 * 2;
  const auto run = [&]<class T>(T, int version) {
    const separatrix_attention s{2, 9, 2, 8, std::is_same_v<T, bf16>, version};
    const DeviceArray<T> q(to_type<T>(testing::draws(n, 1))), k(to_type<T>(testing::draws(n, 2))),
        v(to_type<T>(testing::draws(n, 3))), d_o(to_type<T>(testing::draws(n, 4)));
    const DeviceArray<T> o(n), d_q(n), d_k(n), d_v(n);
    const DeviceArray<float> lse = poisoned(rows), dots = poisoned(rows);
    REQUIRE(separatrix_attention_forward(&s, q.data(), k.data(), v.data(), o.data(), lse.data(), nullptr) == 0);
    REQUIRE(separatrix_attention_backward(&s, q.data(), k.data(), v.data(), o.data(), lse.data(), d_o.data(), dots.data(),
                                          d_q.data(), d_k.data(), d_v.data(), nullptr) == 0);
    std::vector<float> all;
    for (const auto* x : {&o, &d_q, &d_k, &d_v})
      for (const float e : to_floats(x->download())) all.push_back(e);
    return all;
  };
  const std::vector<float> truth = run(0.0f, 1);
  const auto distance = [&](const std::vector<float>& x) {
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      difference += std::pow(static_cast<double>(x[i]) - truth[i], 2), size += std::pow(static_cast<double>(truth[i]), 2);
    return std::sqrt(difference / size);
  };
  for (const int version : {0, 2}) CHECK(distance(run(0.0f, version)) < 1e-5);
  for (const int version : {0, 1, 2}) CHECK(distance(run(bf16{}, version)) < 4 * 0x1p-8);
  const separatrix_attention s{1, 1, 1, 8, 0, 3};
  CHECK(separatrix_attention_forward(&s, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr) == 2);
  CHECK(std::string(separatrix_error()).find("version 3 of 2") != std::string::npos);
}
#endif

TEST_CASE("the kernels that are timed have passed their check, and bytes, work and floor stand beside") {
  KernelBench b;
  b.batch = 1, b.length = 70, b.heads = 1, b.key_dim = 16, b.value_dim = 32, b.repeats = 3;
  KernelBench plain = b;
  plain.precision = Precision::fp32;
  const std::vector<KernelSpeed> delta = bench_delta(b), attention = bench_attention(b), in_fp32 = bench_attention(plain);
  REQUIRE(delta.size() == 2 * delta_versions<bf16>().size() + 2);  // forward, backward, and the forward alone of v6 and v7
  CHECK(delta.back().pass == "forward_alone");
  REQUIRE(attention.size() == 2 * attention_versions<bf16>().size());
  REQUIRE(in_fp32.size() == 2 * attention_versions<float>().size());
  CHECK(delta[0].bytes == 70 * (2 * (2 * 16 + 2 * 32) + 8));
  CHECK(delta[0].flops == 70 * (6 * 16 * 32 + 4 * 64 * (16 + 32)));
  for (const auto& speeds : {delta, attention, in_fp32})
    for (const KernelSpeed& s : speeds) {
      CHECK(s.seconds > 0);
      CHECK(s.error < 0.1);
      CHECK(s.floor() > 0);
    }
  CHECK(product_gigaflops(Precision::bf16) > 0);
}
