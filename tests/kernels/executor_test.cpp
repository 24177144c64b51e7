// Whole models on the CPU executor against models/model.h in double, loss and every gradient.
#include <algorithm>
#include <numeric>

#include "kernels/executors.h"
#include "kernels/matmul/matmul.h"
#include "models/model.h"
#include "models/numbers/var.h"
#include "tests/kernels/support.h"

using namespace separatrix;
using namespace separatrix::testing;

namespace {

constexpr int vocab = 11;

Spec small(const std::string& pattern, const std::string& attention_norm, const std::string& qk_norm, const std::string& position) {
  ModelOptions o;
  o.pattern = pattern, o.width = 24, o.heads = 2, o.head_dim = 6, o.hidden = 20;
  o.attention_norm = attention_norm, o.qk_norm = qk_norm, o.position = position;
  return make_spec(o, vocab);
}

Weights<float> random_weights(const Spec& spec, double b_shift = 0) {
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

Batch random_batch(int batch, int length) {
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
std::pair<double, std::vector<double>> exact(const Spec& spec, const Weights<float>& w, const Batch& batch) {
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
double relative_error(const Parameter& p, const std::vector<float>& values, const std::vector<double>& exact) {
  double error = 0, largest = 0;
  for (std::size_t i = p.offset; i < p.offset + p.size; ++i) {
    if (!std::isfinite(values[i])) return std::numeric_limits<double>::infinity();
    error = std::max(error, std::abs(values[i] - exact[i]));
    largest = std::max(largest, std::abs(exact[i]));
  }
  return largest == 0 ? error : error / largest + std::ldexp(1, -24);
}

/// The weights, each moved to a neighbouring float or not at all.
Weights<float> other_last_bits(Weights<float> w, std::uint64_t stream) {
  Rng rng = draw(11, Purpose::test, 0, stream);
  for (float& x : w.values()) {
    const std::uint32_t way = rng.below(3);
    if (way < 2) x = std::nextafter(x, way == 0 ? -10.0f : 10.0f);
  }
  return w;
}

/// What plain float computations reach on the worst of the model's tensors: the definition run on the weights and on four sets that
/// differ from them in last bits.  A tensor of two numbers, or one run, may be right by luck and is no yardstick alone.
double plain_error(const Spec& spec, const Weights<float>& w, const Batch& batch, const std::vector<double>& exact) {
  const auto reference = make_reference_executor(spec);
  Weights<float> plain(spec);
  double worst = 0;
  for (std::uint64_t i = 0; i <= 4; ++i) {
    reference->loss_and_gradient(i == 0 ? w : other_last_bits(w, i), batch, plain);
    for (const Parameter& p : plain.layout()) worst = std::max(worst, relative_error(p, plain.values(), exact));
  }
  return worst;
}

void check_model(const Spec& spec, const Weights<float>& w, const Batch& batch) {
  const auto [loss, gradient] = exact(spec, w, batch);
  Weights<float> plain(spec), fast(spec);
  fast.values() = poison(fast.values().size());
  const double plain_loss = make_reference_executor(spec)->loss_and_gradient(w, batch, plain);
  const double fast_loss = make_cpu_executor(spec, Precision::fp32)->loss_and_gradient(w, batch, fast);
  CHECK(std::abs(fast_loss - loss) <= yardstick_limit * (std::abs(plain_loss - loss) + std::ldexp(loss, -23)));
  const double reached = plain_error(spec, w, batch, gradient);
  CHECK(reached < 1e-3);
  for (const Parameter& p : fast.layout()) {
    INFO(p.name);
    CHECK(relative_error(p, fast.values(), gradient) <= yardstick_limit * reached);
  }
}

}  // namespace

TEST_CASE("the CPU executor has the loss and the gradients of the definition, for every block form") {
  for (const char* pattern : {"G", "A", "GGGA", "AG"})
    for (const char* norm : {"pre", "post"})
      for (const char* qk : {"full", "head", "none"}) {
        INFO(pattern << " " << norm << " " << qk);
        const Spec spec = small(pattern, norm, qk, std::string(qk) == "none" ? "none" : "rope");
        check_model(spec, random_weights(spec), random_batch(2, 9));
      }
}

TEST_CASE("the residual stream after every block is that of the definition, and logits follow from the last") {
  const Spec spec = small("GAG", "pre", "head", "rope");
  const Weights<float> w = random_weights(spec);
  const Batch batch = random_batch(2, 7);
  const auto reference = make_reference_executor(spec), fast = make_cpu_executor(spec, Precision::fp32);
  const std::vector<Matrix<float>> truth = reference->layers(w, batch), layers = fast->layers(w, batch);
  REQUIRE(truth.size() == 4);
  REQUIRE(layers.size() == 4);
  const Model<float> model(spec, w);
  auto state = model.start();
  const std::vector<Row<float>> first = model.trace(state, batch.tokens[0]);
  for (std::size_t b = 0; b < 4; ++b) {
    CHECK(Row<float>(truth[b].row(0).begin(), truth[b].row(0).end()) == first[b]);
    for (std::size_t i = 0; i < truth[b].values().size(); ++i)
      CHECK(layers[b].values()[i] == Approx(truth[b].values()[i]).epsilon(1e-4).margin(1e-5));
  }
}

TEST_CASE("learned positions have the gradients of the definition, and an example beyond them is an error") {
  Spec spec = small("GA", "pre", "full", "learned");
  spec.learned_positions = 9;
  check_model(spec, random_weights(spec), random_batch(2, 9));
  const auto executor = make_cpu_executor(spec, Precision::fp32);
  CHECK_THROWS_WITH(executor->logits(random_weights(spec), random_batch(1, 10)), Catch::Matchers::Contains("9 learned positions"));
}

TEST_CASE("the CPU executor has the gradients of the definition where steps are almost reflections") {
  const Spec spec = small("GG", "post", "full", "rope");
  check_model(spec, random_weights(spec, 3), random_batch(1, 70));
}

TEST_CASE("two runs of the CPU executor give the same bits, also after a batch of another size") {
  const Spec spec = small("GA", "post", "full", "rope");
  const Weights<float> w = random_weights(spec);
  Weights<float> first(spec), second(spec), other(spec);
  const auto executor = make_cpu_executor(spec, Precision::fp32);
  executor->loss_and_gradient(w, random_batch(3, 17), first);
  executor->loss_and_gradient(w, random_batch(5, 30), other);
  executor->loss_and_gradient(w, random_batch(3, 17), second);
  CHECK(first.values() == second.values());
}

TEST_CASE("predictions are the argmax of the logits where the mask counts") {
  const Spec spec = small("GA", "post", "full", "rope");
  const Weights<float> w = random_weights(spec);
  const Batch batch = random_batch(2, 12);
  const auto executor = make_cpu_executor(spec, Precision::fp32);
  const Matrix<float> out = executor->logits(w, batch);
  const std::vector<std::int32_t> predicted = executor->predict(w, batch);
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const auto row = out.row(i);
    CHECK(predicted[i] == (batch.mask[i] ? static_cast<int>(std::max_element(row.begin(), row.end()) - row.begin()) : -1));
  }
}

TEST_CASE("the CPU executor refuses what it has no kernel for") {
  Spec spec = small("A", "post", "full", "rope");
  std::get<Attention>(spec.blocks[0].mixer).score = Score::average_hard;
  CHECK_THROWS_WITH(make_cpu_executor(spec, Precision::fp32), Catch::Contains("hard attention"));
  CHECK_THROWS_WITH(make_executor(spec, Device::cuda, Precision::fp32), Catch::Contains("built without CUDA"));
  Spec grouped = small("AA", "post", "full", "rope");
  grouped.blocks[1].norm = NormPlace::groups;
  CHECK_THROWS_WITH(make_cpu_executor(grouped, Precision::fp32), Catch::Contains("normed groups or several MLPs"));
}
