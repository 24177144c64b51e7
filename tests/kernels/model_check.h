// Whole models against models/model.h in double, loss and every gradient: for the executor of any device.
#pragma once
#include <algorithm>
#include <numeric>

#include "kernels/executors.h"
#include "models/instances.h"
#include "models/numbers/var.h"
#include "tests/kernels/support.h"

namespace separatrix::testing {

inline constexpr int vocab = 11;

inline Spec small(const std::string& pattern, const std::string& attention_norm, const std::string& qk_norm,
                  const std::string& position) {
  ModelOptions o;
  o.pattern = pattern, o.width = 24, o.heads = 2, o.head_dim = 6, o.hidden = 20;
  o.attention_norm = attention_norm, o.qk_norm = qk_norm, o.position = position;
  return make_spec(o, vocab);
}

inline Weights<float> random_weights(const Spec& spec, double b_shift = 0) {
  Weights<float> w(spec);
  w.values() = draws(w.values().size(), 3, 0.4);
  for (const Parameter& p : w.layout())
    if (p.shape.size() == 1)
      for (float& x : w[p.name]) x += 1;
  for (const Parameter& p : w.layout())
    if (p.name.ends_with("b_proj.weight"))
      for (float& x : w[p.name]) x += static_cast<float>(b_shift);
  return w;
}

inline Batch random_batch(int batch, int length) {
  Batch b{batch, length, {}, {}, {}};
  Rng rng = draw(9, Purpose::test, 1, length);
  for (int i = 0; i < batch * length; ++i) {
    b.tokens.push_back(rng.below(vocab));
    b.targets.push_back(rng.below(vocab));
    b.mask.push_back(rng.below(3) > 0);
  }
  b.mask[0] = 1;
  return b;
}

/// Loss and gradients in double, by the definition.
inline std::pair<double, std::vector<double>> exact(const Spec& spec, const Weights<float>& w, const Batch& batch) {
  Tape<double> tape;
  Weights<Var<double>> v(spec);
  for (std::size_t i = 0; i < v.values().size(); ++i) v.values()[i] = tape.input(w.values()[i]);
  const Model<Var<double>> model(spec, v);
  Var<double> total(0);
  for (int b = 0; b < batch.batch; ++b) {
    auto state = model.start();
    for (int t = 0; t < batch.length; ++t) {
      const int at = b * batch.length + t;
      const Row<Var<double>> row = model.step(state, batch.tokens[at]);
      if (!batch.mask[at]) continue;
      Var<double> sum(0);
      for (const Var<double>& x : row) sum = sum + exp(x - row[batch.targets[at]]);
      total = total + log1p(sum - Var<double>(1));
    }
  }
  total = total / Var<double>(static_cast<int>(std::count(batch.mask.begin(), batch.mask.end(), 1)));
  std::vector<double> gradient = tape.gradient(total);
  gradient.resize(v.values().size());
  return {total.value, gradient};
}

/// The worst error of a tensor in units of its largest element (one rounding at least).
inline double relative_error(const Parameter& p, const std::vector<float>& values, const std::vector<double>& exact) {
  double error = 0, largest = 0;
  for (std::size_t i = p.offset; i < p.offset + p.size; ++i) {
    if (!std::isfinite(values[i])) return std::numeric_limits<double>::infinity();
    error = std::max(error, std::abs(values[i] - exact[i]));
    largest = std::max(largest, std::abs(exact[i]));
  }
  return largest == 0 ? error : error / largest + std::ldexp(1, -24);
}

/// The weights, each moved to a neighbouring float or not at all.
inline Weights<float> other_last_bits(Weights<float> w, std::uint64_t stream) {
  Rng rng = draw(11, Purpose::test, 0, stream);
  for (float& x : w.values()) {
    const std::uint32_t way = rng.below(3);
    if (way < 2) x = std::nextafter(x, way == 0 ? -10.0f : 10.0f);
  }
  return w;
}

/// What plain float computations reach on the worst of the model's tensors: the definition run on the weights and on four sets that
/// differ from them in last bits.  A tensor of two numbers, or one run, may be right by luck and is no yardstick alone.
inline double plain_error(const Spec& spec, const Weights<float>& w, const Batch& batch, const std::vector<double>& exact) {
  const auto reference = make_reference_executor(spec);
  Weights<float> plain(spec);
  double worst = 0;
  for (std::uint64_t i = 0; i <= 4; ++i) {
    reference->loss_and_gradient(i == 0 ? w : other_last_bits(w, i), batch, plain);
    for (const Parameter& p : plain.layout()) worst = std::max(worst, relative_error(p, plain.values(), exact));
  }
  return worst;
}

inline void check_model(const Spec& spec, const Weights<float>& w, const Batch& batch, Executor& executor) {
  const auto [loss, gradient] = exact(spec, w, batch);
  Weights<float> plain(spec), fast(spec);
  fast.values() = poison(fast.values().size());
  const double plain_loss = make_reference_executor(spec)->loss_and_gradient(w, batch, plain);
  const double fast_loss = executor.loss_and_gradient(w, batch, fast);
  CHECK(std::abs(fast_loss - loss) <= yardstick_limit * (std::abs(plain_loss - loss) + std::ldexp(loss, -23)));
  const double reached = plain_error(spec, w, batch, gradient);
  CHECK(reached < 1e-3);
  for (const Parameter& p : fast.layout()) {
    INFO(p.name);
    CHECK(relative_error(p, fast.values(), gradient) <= yardstick_limit * reached);
  }
}

}  // namespace separatrix::testing
