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

/// The error of every tensor's gradient in units of the plain float computation's, or of rounding the model's largest gradient once:
/// a tensor of two numbers may be right by luck in the plain computation.
void check_model(const Spec& spec, const Weights<float>& w, const Batch& batch) {
  const auto [loss, gradient] = exact(spec, w, batch);
  Weights<float> plain(spec), fast(spec);
  fast.values() = poison(fast.values().size());
  const double plain_loss = make_reference_executor(spec)->loss_and_gradient(w, batch, plain);
  const double fast_loss = make_cpu_executor(spec, Precision::fp32)->loss_and_gradient(w, batch, fast);
  CHECK(std::abs(fast_loss - loss) <= yardstick_limit * (std::abs(plain_loss - loss) + std::ldexp(loss, -23)));
  double largest = 0;
  for (const double g : gradient) largest = std::max(largest, std::abs(g));
  for (const Parameter& p : fast.layout()) {
    const auto part = [&](const auto& values) { return std::vector(values.begin() + p.offset, values.begin() + p.offset + p.size); };
    INFO(p.name);
    CHECK(yardstick(part(fast.values()), part(plain.values()), part(gradient), largest) <= 2 * yardstick_limit);
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
}
