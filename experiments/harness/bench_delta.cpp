#include "experiments/harness/bench_delta.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include "experiments/harness/product_peak.h"
#include "tasks/error.h"
#include "tasks/rng.h"

namespace separatrix {
namespace {

/// Inputs of one call, rows dense.
struct DeltaData {
  DeltaShape s;
  std::vector<float> q, k, v, g, beta;

  explicit DeltaData(const DeltaShape& shape) : s(shape) {
    const std::size_t rows = static_cast<std::size_t>(s.batch) * s.length;
    Rng rng = draw(0, Purpose::test, 0, 0);
    const auto uniform = [&] { return rng.next() / 2147483648.0 - 1; };  // [-1, 1)
    for (std::vector<float>* x : {&q, &k}) {
      for (std::size_t i = 0; i < rows * s.key_heads * s.key_dim; ++i) x->push_back(static_cast<float>(uniform()));
      for (std::size_t i = 0; i < x->size(); i += s.key_dim) {
        double square = 0;
        for (int j = 0; j < s.key_dim; ++j) square += double((*x)[i + j]) * (*x)[i + j];
        for (int j = 0; j < s.key_dim; ++j) (*x)[i + j] /= static_cast<float>(std::sqrt(square));
      }
    }
    for (std::size_t i = 0; i < rows * s.value_heads * s.value_dim; ++i) v.push_back(static_cast<float>(uniform()));
    for (std::size_t i = 0; i < rows * s.value_heads; ++i)
      g.push_back(static_cast<float>(0.1 * (uniform() - 1))), beta.push_back(static_cast<float>(1 + uniform()));
  }
  DeltaInput input() const {
    return {{q.data(), key()}, {k.data(), key()}, {v.data(), value()}, {g.data(), s.value_heads}, {beta.data(), s.value_heads}};
  }
  std::ptrdiff_t key() const { return s.key_heads * s.key_dim; }
  std::ptrdiff_t value() const { return s.value_heads * s.value_dim; }
};

/// o of one sequence by the recurrence at the top of delta.h, token by token in double.
std::vector<double> token_recurrence(const DeltaShape& s, const std::vector<double>& q, const std::vector<double>& k,
                                     const std::vector<double>& v, const std::vector<double>& g, const std::vector<double>& beta) {
  std::vector<double> o(v.size());
  for (int h = 0; h < s.value_heads; ++h) {
    std::vector<double> state(static_cast<std::size_t>(s.key_dim) * s.value_dim);
    for (int t = 0; t < s.length; ++t) {
      const int key = (t * s.key_heads + h / (s.value_heads / s.key_heads)) * s.key_dim, gate = t * s.value_heads + h;
      const double alpha = std::exp(g[gate]);
      for (int j = 0; j < s.value_dim; ++j) {
        const int at = gate * s.value_dim + j;
        double old = 0;
        for (int i = 0; i < s.key_dim; ++i) old += (state[i * s.value_dim + j] *= alpha) * k[key + i];
        for (int i = 0; i < s.key_dim; ++i)
          o[at] += (state[i * s.value_dim + j] += beta[gate] * k[key + i] * (v[at] - old)) * q[key + i];
      }
    }
  }
  return o;
}

double norm(const std::vector<double>& x) {
  double square = 0;
  for (const double e : x) square += e * e;
  return std::sqrt(square);
}

/// One short sequence through kernel and recurrence.  The loss is |o|^2 / 2, so d_o = o.
struct Gate {
  DeltaData data;
  std::vector<double> inputs[5];  // q, k, v, g, beta
  explicit Gate(DeltaShape shape) : data((shape.batch = 1, shape.length = std::min(shape.length, 70), shape)) {
    const std::vector<float>* from[] = {&data.q, &data.k, &data.v, &data.g, &data.beta};
    for (int i = 0; i < 5; ++i) inputs[i].assign(from[i]->begin(), from[i]->end());
  }

  std::vector<double> output() const { return token_recurrence(data.s, inputs[0], inputs[1], inputs[2], inputs[3], inputs[4]); }

  double output_error(const std::vector<float>& o) const {
    std::vector<double> difference = output();
    const double size = norm(difference);
    for (std::size_t i = 0; i < o.size(); ++i) difference[i] -= o[i];
    return norm(difference) / size;
  }

  /// Along the kernel's gradient of one input the loss must grow as fast as that gradient is long.
  double gradient_error(int input, const std::vector<float>& gradient) {
    constexpr double step = 1e-4;
    const std::vector<double> direction(gradient.begin(), gradient.end()), before = inputs[input];
    const double length = norm(direction);
    double loss[2];
    for (const int side : {0, 1}) {
      for (std::size_t i = 0; i < before.size(); ++i) inputs[input][i] = before[i] + (2 * side - 1) * step * direction[i] / length;
      loss[side] = std::pow(norm(output()), 2) / 2;
    }
    inputs[input] = before;
    return std::abs((loss[1] - loss[0]) / (2 * step) - length) / length;
  }
};

/// Kernel calls with their buffers.  The output serves as its own gradient.
struct DeltaRun {
  const DeltaData& data;
  const DeltaShape& s = data.s;
  std::vector<float> o, saved, workspace, d_q, d_k, d_v, d_g, d_beta;
  explicit DeltaRun(const DeltaData& d)
      : data(d),
        o(d.v.size()),
        saved(delta_saved_size(d.s)),
        workspace(delta_workspace_size(d.s)),
        d_q(d.q.size()),
        d_k(d.k.size()),
        d_v(d.v.size()),
        d_g(d.g.size()),
        d_beta(d.g.size()) {}

  void forward() { delta_forward(s, {}, data.input(), {o.data(), data.value()}, nullptr, saved.data(), workspace.data()); }
  void backward() {
    const DeltaInputGradient gradient{{d_q.data(), data.key()},
                                      {d_k.data(), data.key()},
                                      {d_v.data(), data.value()},
                                      {d_g.data(), s.value_heads},
                                      {d_beta.data(), s.value_heads}};
    delta_backward(s, {}, data.input(), saved.data(), {o.data(), data.value()}, nullptr, gradient, workspace.data());
  }
};

double worst_error(const DeltaShape& shape) {
  Gate gate(shape);
  DeltaRun run(gate.data);
  run.forward();
  run.backward();
  double worst = gate.output_error(run.o);
  const std::vector<float>* gradients[] = {&run.d_q, &run.d_k, &run.d_v, &run.d_g, &run.d_beta};
  for (int i = 0; i < 5; ++i) worst = std::max(worst, gate.gradient_error(i, *gradients[i]));
  return worst;
}

template <class Run>
double timed(const Run& run) {
  const auto begin = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> x) {
  std::sort(x.begin(), x.end());
  return x[x.size() / 2];
}

}  // namespace

DeltaSpeed bench_delta(const DeltaShape& shape, int runs) {
  if (runs < 1) fail("--runs must be at least 1, not {}", runs);
  DeltaSpeed speed{.shape = shape, .runs = runs, .error = worst_error(shape)};
  if (!(speed.error < 1e-4))
    fail("bench: output or gradient is {:.2g} away from the token recurrence's (at most 1e-4): no speed is reported", speed.error);
  const DeltaData data(shape);
  DeltaRun run(data);
  std::vector<double> forward, backward;
  for (int i = 0; i <= runs; ++i) {
    const double f = timed([&] { run.forward(); }), b = timed([&] { run.backward(); });
    if (i > 0) forward.push_back(f), backward.push_back(b);
  }
  speed.forward = median(forward), speed.backward = median(backward);
  speed.forward_best = *std::min_element(forward.begin(), forward.end());
  speed.backward_best = *std::min_element(backward.begin(), backward.end());
  const double rows = 1e-9 * shape.batch * shape.length * shape.value_heads, state = shape.key_dim * shape.value_dim;
  const double pairs = shape.length * (shape.key_dim + shape.value_dim);  // half of the matrices of a sequence that needs no state
  speed.forward_gigaflop = rows * std::min(6 * state, 2 * pairs), speed.backward_gigaflop = rows * std::min(16 * state, 4 * pairs);
  speed.peak = product_peak(Precision::fp32);
  return speed;
}

}  // namespace separatrix
