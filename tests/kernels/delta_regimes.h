// Inputs of the gated delta rule where it is hard, drawn for the tests of every implementation.
#pragma once
#include <string>
#include <utility>

#include "tasks/rng.h"
#include "tests/kernels/delta_reference.h"

namespace separatrix::test {

/// Kinds of input.  `limit` bounds the yardstick: twice the worst of 20 draws at n <= 128 (test "yardsticks of ..." prints them).
/// Chunking sums in another order, which costs little for random keys; with few distinct keys and beta = 2 the reflections of a
/// chunk are solved together instead of applied one by one, and what is lost grows with n (worst at n = 512: 9, 31, 71 for 5, 2, 1
/// keys).
struct Regime {
  const char* name;
  int distinct_keys;  // 0: every token its own
  double beta;        // < 0: 2 sigmoid(normal)
  enum Gate { random, open, closed, mixed } gate;
  double limit;
};
inline const std::vector<Regime> regimes{
    {"random", 0, -1, Regime::random, 8},
    {"gate 1", 0, -1, Regime::open, 8},
    {"beta 2", 0, 2, Regime::random, 8},
    {"beta 2, gate 1", 0, 2, Regime::open, 8},
    {"5 keys, beta 2, gate 1", 5, 2, Regime::open, 12},
    {"2 keys, beta 2, gate 1", 2, 2, Regime::open, 25},
    {"1 key, beta 2, gate 1", 1, 2, Regime::open, 45},
    {"1 key, beta 2", 1, 2, Regime::random, 25},
    {"g = -60", 0, -1, Regime::closed, 8},
    {"g random or -60", 0, -1, Regime::mixed, 8},
    {"beta 0", 0, 0, Regime::random, 8},
    {"beta 0, gate 1", 0, 0, Regime::open, 8},
};

class Draw {
 public:
  Draw(std::uint32_t level, std::uint64_t index) : rng_(draw(11, Purpose::test, level, index)) {}
  double uniform() { return (rng_.next() + 0.5) / 4294967296.0; }
  double normal() { return std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * uniform()); }
  std::vector<float> normals(std::size_t n) {
    std::vector<float> x(n);
    for (float& e : x) e = static_cast<float>(normal());
    return x;
  }

 private:
  Rng rng_;
};

/// Unit rows of `dim`.
inline void normalise(std::vector<float>& x, int dim) {
  for (std::size_t r = 0; r < x.size(); r += dim) {
    double n = 0;
    for (int i = 0; i < dim; ++i) n += double(x[r + i]) * x[r + i];
    for (int i = 0; i < dim; ++i) x[r + i] = static_cast<float>(x[r + i] / std::sqrt(n));
  }
}

inline DeltaTensors<float> make_input(const DeltaShape& s, const Regime& regime, Draw& d) {
  const std::size_t rows = std::size_t(s.batch) * s.length, heads = rows * s.value_heads, key = s.key_heads * s.key_dim;
  DeltaTensors<float> in;
  in.q = d.normals(rows * key), in.k = d.normals(rows * key), in.v = d.normals(heads * s.value_dim);
  in.state = d.normals(std::size_t(s.batch) * s.value_heads * s.key_dim * s.value_dim);
  normalise(in.q, s.key_dim), normalise(in.k, s.key_dim);
  if (regime.distinct_keys > 0)
    for (std::size_t r = regime.distinct_keys; r < rows; ++r) {
      const std::size_t from = std::size_t(d.uniform() * regime.distinct_keys) * key;
      std::copy_n(in.k.begin() + from, key, in.k.begin() + r * key);
    }
  for (std::size_t i = 0; i < heads; ++i) {
    in.beta.push_back(static_cast<float>(regime.beta < 0 ? 2 / (1 + std::exp(-d.normal())) : regime.beta));
    const bool reset = regime.gate == Regime::closed || (regime.gate == Regime::mixed && d.uniform() < 0.1);
    in.g.push_back(reset ? -60.0f : regime.gate == Regime::open ? 0.0f : static_cast<float>(-0.05 * std::exp(d.normal())));
  }
  return in;
}

template <class T>
DeltaTensors<T> cast(const DeltaTensors<float>& x) {
  const auto to = [](const std::vector<float>& v) { return std::vector<T>(v.begin(), v.end()); };
  return {to(x.q), to(x.k), to(x.v), to(x.g), to(x.beta), to(x.state)};
}

template <class T>
std::vector<std::pair<std::string, const std::vector<T>*>> named(const DeltaResult<T>& r) {
  const DeltaTensors<T>& d = r.gradient;
  return {{"o", &r.o},  {"state", &r.final_state}, {"dq", &d.q},        {"dk", &d.k}, {"dv", &d.v},
          {"dg", &d.g}, {"dbeta", &d.beta},        {"dstate", &d.state}};
}

}  // namespace separatrix::test
