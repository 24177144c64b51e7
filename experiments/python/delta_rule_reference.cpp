#include "experiments/python/delta_rule_reference.h"

#include "models/mixers/gated_delta_rule.h"
#include "models/numbers/var.h"

namespace separatrix {
namespace {

/// Part i of `size` numbers.
template <class T>
std::span<const T> part(const std::vector<T>& x, std::ptrdiff_t i, std::ptrdiff_t size) {
  return {x.data() + i * size, static_cast<std::size_t>(size)};
}

/// All tokens of sequence b, head h.
template <Real T>
void run_head(const DeltaShape& s, const DeltaForm& form, const DeltaArrays<T>& in, int b, int h, DeltaOutputs<T>& out) {
  const std::ptrdiff_t head = std::ptrdiff_t{b} * s.value_heads + h;
  Matrix<T> state(s.value_dim, s.key_dim);  // the definition's (value, key); the arrays are (key, value)
  const auto at = [&](int i, int j) { return head * s.key_dim * s.value_dim + std::ptrdiff_t{j} * s.value_dim + i; };
  for (int i = 0; i < s.value_dim; ++i)
    for (int j = 0; j < s.key_dim; ++j) state(i, j) = in.state[at(i, j)];
  const int key_head = h / (s.value_heads / s.key_heads);
  for (int t = 0; t < s.length; ++t) {
    const std::ptrdiff_t token = std::ptrdiff_t{b} * s.length + t, key = token * s.key_heads + key_head,
                         value = token * s.value_heads + h;
    const T &beta = in.beta[value], write = form.write_beta ? beta : T(1);
    delta_step<T>(state, part(in.k, key, s.key_dim), part(in.v, value, s.value_dim), exp(in.g[value]), form.erase ? beta : T(0),
                  write);
    for (int i = 0; i < s.value_dim; ++i)
      out.o[value * s.value_dim + i] = round_cast<T>(form.query_scale) * dot<T>(state.row(i), part(in.q, key, s.key_dim));
  }
  for (int i = 0; i < s.value_dim; ++i)
    for (int j = 0; j < s.key_dim; ++j) out.state[at(i, j)] = state(i, j);
}

template <Real T>
DeltaOutputs<T> run(const DeltaShape& s, const DeltaForm& form, const DeltaArrays<T>& in) {
  DeltaOutputs<T> out{std::vector<T>(in.v.size(), T(0)), std::vector<T>(in.state.size(), T(0))};
  for (int b = 0; b < s.batch; ++b)
    for (int h = 0; h < s.value_heads; ++h) run_head(s, form, in, b, h, out);
  return out;
}

}  // namespace

DeltaOutputs<double> reference_delta(const DeltaShape& shape, const DeltaForm& form, const DeltaArrays<double>& in) {
  return run(shape, form, in);
}

DeltaArrays<double> reference_delta_gradient(const DeltaShape& shape, const DeltaForm& form, const DeltaArrays<double>& in,
                                             const DeltaOutputs<double>& d) {
  Tape<double> tape;
  const auto inputs = [&](const std::vector<double>& x) {
    std::vector<Var<double>> out;
    for (const double value : x) out.push_back(tape.input(value));
    return out;
  };
  const DeltaArrays<Var<double>> x{inputs(in.q), inputs(in.k), inputs(in.v), inputs(in.g), inputs(in.beta), inputs(in.state)};
  const DeltaOutputs<Var<double>> y = run(shape, form, x);
  Accumulator<Var<double>> total;
  for (std::size_t i = 0; i < d.o.size(); ++i) total.add_product(Var<double>(d.o[i]), y.o[i]);
  for (std::size_t i = 0; i < d.state.size(); ++i) total.add_product(Var<double>(d.state[i]), y.state[i]);
  const std::vector<double> all = tape.gradient(total.value);
  std::size_t at = 0;
  const auto next = [&](const std::vector<double>& like) {
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(at);
    at += like.size();
    return std::vector<double>(first, first + static_cast<std::ptrdiff_t>(like.size()));
  };
  DeltaArrays<double> gradient;
  gradient.q = next(in.q), gradient.k = next(in.k), gradient.v = next(in.v);
  gradient.g = next(in.g), gradient.beta = next(in.beta), gradient.state = next(in.state);
  return gradient;
}

}  // namespace separatrix
