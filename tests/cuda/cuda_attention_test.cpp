// Attention on the device (a GPU's, or its emulation's) against the layer in double.
#include "kernels/attention/cuda.h"
#include "tests/cuda/device.h"
#include "tests/kernels/attention_reference.h"

using namespace separatrix;
using namespace separatrix::testing;

namespace {

/// x as T holds it.
template <class T>
AttentionTensors as_held(AttentionTensors x) {
  for (std::vector<float>* values : {&x.q, &x.k, &x.v, &x.dout})
    for (float& e : *values) e = SIMT::to_float(SIMT::from_float<T>(e));
  return x;
}

/// out, dq, dk, dv of one version.
template <std::size_t gap = 3, class T>
std::array<std::vector<float>, 4> run(const SIMT::AttentionVersion<T>& version, const AttentionCase& c, const AttentionTensors& x) {
  const auto width = static_cast<std::size_t>(c.inner()), rows = static_cast<std::size_t>(c.batch * c.length);
  using Device = SIMT::DeviceRows<T, gap>;
  const Device q(x.q, width), k(x.k, width), v(x.v, width), dout(x.dout, width);
  const Device out(rows, width), dq(rows, width), dk(rows, width), dv(rows, width);
  const auto numbers = static_cast<std::size_t>(c.batch * c.heads * c.length);
  const auto lse = SIMT::poisoned(numbers), row_dots = SIMT::poisoned(numbers);
  version.forward({}, c.shape(), q.rows(), k.rows(), v.rows(), out.rows(), lse.data());
  version.backward({}, c.shape(), {q.rows(), k.rows(), v.rows(), out.rows(), lse.data()}, dout.rows(), row_dots.data(), dq.rows(),
                   dk.rows(), dv.rows());
  return {out.values(), dq.values(), dk.values(), dv.values()};
}

template <class T>
void check_versions(const AttentionCase& c) {
  INFO("length " << c.length << " dim " << c.head_dim << " scale " << c.scale);
  const AttentionTensors x = as_held<T>(AttentionTensors(c));
  const Results<double> exact = layer<double>(c, x);
  const Results<float> plain = layer<float>(c, x);
  constexpr int stored_bits = std::is_same_v<T, float> ? 24 : 8;
  for (const SIMT::AttentionVersion<T>& version : SIMT::attention_versions<T>()) {
    INFO(version.name);
    const std::array<std::vector<float>, 4> seen = run(version, c, x);
    for (std::size_t i = 0; i < 4; ++i) {
      INFO("tensor " << i << " of out, dq, dk, dv");
      const double terms = c.length == 1 && i > 0 ? std::sqrt(static_cast<double>(c.head_dim)) : 0;
      CHECK(yardstick(seen[i], plain[i], exact[i], terms) <
            std::ldexp(yardstick_limit, 24 - std::min(version.operand_bits, stored_bits)));
    }
  }
}

const std::vector<std::pair<int, int>> awkward = {{1, 4}, {2, 4}, {31, 8}, {32, 20}, {33, 33}, {65, 4}, {40, 64}};

}  // namespace

TEST_CASE("every version of attention on the device and its gradient equal the layer in double at awkward sizes") {
  for (const auto& [length, head_dim] : awkward) check_versions<float>({length < 10 ? 2 : 1, length, 2, head_dim, false});
}

TEST_CASE(
    "every version of attention on bf16 tensors errs by their rounding, beyond one block, with sharp weights, up to dimension "
    "128") {
  for (const auto& [length, head_dim] : awkward) check_versions<SIMT::bf16>({length < 10 ? 2 : 1, length, 2, head_dim, false});
  check_versions<SIMT::bf16>({2, 130, 1, 16, false});
  check_versions<SIMT::bf16>({1, 70, 1, 32, false, 4});
  check_versions<SIMT::bf16>({1, 97, 1, 128, false});
}

TEST_CASE("attention on bf16 tensors gives the same bits in any order of threads, and for a sequence alone or among others") {
  const AttentionCase two{2, 150, 2, 24, false}, one{1, 150, 2, 24, false};
  const AttentionTensors x = as_held<SIMT::bf16>(AttentionTensors(two));
  AttentionTensors first = x;
  for (std::vector<float>* values : {&first.q, &first.k, &first.v, &first.dout}) values->resize(one.size());
  const auto& version = SIMT::attention_version<SIMT::bf16>();
  const auto all = run(version, two, x), alone = run(version, one, first);
  for (std::uint64_t way = 0; way < SIMT::other_thread_orders; ++way) {
    const SIMT::OtherThreadOrder order(way);
    CHECK(run(version, two, x) == all);
    CHECK(run<8>(version, two, x) == all);  // rows aligned to 16 bytes are copied ahead
  }
  for (std::size_t i = 0; i < 4; ++i) CHECK(std::equal(alone[i].begin(), alone[i].end(), all[i].begin()));
}
