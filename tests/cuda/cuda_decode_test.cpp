// Decoding on the GPU, one token a call, against the token recurrence in double.  Runs on a device or, in emulation, without one.
#include <fmt/format.h>

#include "tests/catch.h"
#include "tests/cuda/delta_problem.h"

using namespace separatrix;
using namespace separatrix::test;

namespace {

constexpr int kTokens = 6, kKeyDim = 20, kValueDim = 40, kValueHeads = 2;

/// Keys and queries longer than one, which the kernel divides by their norm.
void lengthen(Drawn& x) {
  for (std::vector<float>* v : {&x.in.q, &x.in.k})
    for (std::size_t i = 0; i < v->size(); ++i) (*v)[i] *= 3 + static_cast<float>(i / kKeyDim);
}

struct Decoded {
  std::vector<float> o, state;
};

template <class T>
Decoded decode(const Problem& p, const Drawn& x, bool unit_keys) {
  DeltaSizes s;
  s.sequences = 1, s.length = 1, s.tokens = 1;
  s.key_heads = 1, s.value_heads = kValueHeads, s.key_dim = kKeyDim, s.value_dim = kValueDim;
  const DeviceArray<float> state(x.in.state);
  DeviceRows<T> q(x.in.q, kKeyDim), k(x.in.k, kKeyDim), v(x.in.v, kValueHeads * kValueDim), o(kTokens, kValueHeads * kValueDim);
  DeviceRows<float> g(x.in.g, kValueHeads), beta(x.in.beta, kValueHeads);
  const auto at = [](const auto& rows, int t) {
    auto one = rows.rows();
    one.data = one.row(t);
    return one;
  };
  for (int t = 0; t < kTokens; ++t)
    delta_decode<T>({}, s, {p.form.query_scale, p.form.write_beta, unit_keys},
                    {at(q, t), at(k, t), at(v, t), at(g, t), at(beta, t)}, state.data(), at(o, t));
  return {o.values(), state.download()};
}

template <class T>
void check_decoding(const Regime& regime, bool write_beta, bool unit_keys, std::uint32_t stream) {
  INFO(regime.name << ", write_beta " << write_beta << ", unit_keys " << unit_keys << ", " << 8 * sizeof(T) << " bits");
  Problem p{{kTokens}, 1, kValueHeads, kKeyDim, kValueDim};
  p.form.write_beta = write_beta;
  Draw d(64, stream);
  Drawn x = draw_problem<float>(p, regime, d);
  if (unit_keys) lengthen(x);
  for (std::vector<float>* v : {&x.in.q, &x.in.k, &x.in.v}) *v = to_floats(to_type<T>(*v));
  const auto defined = [&]<class N>(N) {
    DeltaTensors<N> in = cast<N>(x.in);
    if (unit_keys) in.q = divided(in.q, kKeyDim), in.k = divided(in.k, kKeyDim);
    return delta_reference<N>(p.drawn(), p.form, in, std::vector<N>(x.d_o.begin(), x.d_o.end()),
                              std::vector<N>(x.d_state.begin(), x.d_state.end()));
  };
  const DeltaResult<double> truth = defined(0.0);
  DeltaResult<float> plain = defined(0.0f);
  plain.o = to_floats(to_type<T>(plain.o));
  const Decoded kernel = decode<T>(p, x, unit_keys);
  CHECK(yardstick(kernel.o, plain.o, truth.o) <= regime.limit);
  CHECK(yardstick(kernel.state, plain.final_state, truth.final_state) <= regime.limit);
}

}  // namespace

TEST_CASE("decoding token by token on the device follows the recurrence") {
  std::uint32_t stream = 0;
  for (const Regime& regime : regimes)
    for (const bool write_beta : {true, false})
      for (const bool unit_keys : {false, true}) {
        check_decoding<float>(regime, write_beta, unit_keys, stream++);
        check_decoding<bf16>(regime, write_beta, unit_keys, stream++);
      }
}
