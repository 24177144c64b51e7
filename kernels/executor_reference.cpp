// The reference executor: models/model.h run in float, gradients by reverse-mode numbers.  Slow; the definition itself.
#include <cmath>

#include "kernels/executors.h"
#include "models/model.h"
#include "models/numbers/var.h"

namespace separatrix {
namespace {

/// f(state, place, token) for every token of every sequence, in order, each sequence from a fresh state; place = row of (batch *
/// length).
template <Real T, class F>
void for_each_token(const Model<T>& model, const Batch& batch, const F& f) {
  for (int b = 0; b < batch.batch; ++b) {
    auto state = model.start();
    for (int t = 0; t < batch.length; ++t) {
      const std::size_t at = static_cast<std::size_t>(b) * batch.length + t;
      f(state, at, batch.tokens[at]);
    }
  }
}

/// Mean cross-entropy over the counted positions, in any Real.
template <Real T>
T mean_loss(const Spec& spec, const Weights<T>& weights, const Batch& batch) {
  const Model<T> model(spec, weights);
  T total(0);
  int counted = 0;
  for_each_token(model, batch, [&](auto& state, std::size_t at, int token) {
    const Row<T> row = model.step(state, token);
    if (!batch.mask[at]) return;
    const T top = *std::max_element(row.begin(), row.end());
    T sum(0);
    for (const T& x : row) sum = sum + exp(x - top);
    // log(sum) = log1p(sum - 1): the concept asks for no other logarithm, and sum >= 1.
    total = total + log1p(sum - T(1)) + top - row[batch.targets[at]];
    ++counted;
  });
  if (counted == 0) fail("a batch without a counted position has no loss");
  return total / T(counted);
}

class ReferenceExecutor final : public Executor {
 public:
  explicit ReferenceExecutor(const Spec& spec) : spec_(spec) {}

  double loss_and_gradient(const Weights<float>& weights, const Batch& batch, Weights<float>& gradient) override {
    Tape<float> tape;
    Weights<Var<float>> inputs(spec_);
    for (std::size_t i = 0; i < inputs.values().size(); ++i) inputs.values()[i] = tape.input(weights.values()[i]);
    const Var<float> loss = mean_loss(spec_, inputs, batch);
    const std::vector<float> all = tape.gradient(loss);
    std::copy_n(all.begin(), gradient.values().size(), gradient.values().begin());
    return loss.value;
  }

  std::vector<std::int32_t> predict(const Weights<float>& weights, const Batch& batch) override {
    const Matrix<float> out = logits(weights, batch);
    std::vector<std::int32_t> predicted(batch.tokens.size(), -1);
    for (std::size_t i = 0; i < predicted.size(); ++i)
      if (batch.mask[i])
        predicted[i] = static_cast<std::int32_t>(std::max_element(out.row(i).begin(), out.row(i).end()) - out.row(i).begin());
    return predicted;
  }

  Matrix<float> logits(const Weights<float>& weights, const Batch& batch) override {
    const Model<float> model(spec_, weights);
    Matrix<float> out(batch.tokens.size(), spec_.vocab);
    for_each_token(model, batch, [&](auto& state, std::size_t at, int token) {
      const Row<float> row = model.step(state, token);
      std::copy(row.begin(), row.end(), out.row(at).begin());
    });
    return out;
  }

  std::vector<Matrix<float>> layers(const Weights<float>& weights, const Batch& batch) override {
    const Model<float> model(spec_, weights);
    std::vector<Matrix<float>> out(spec_.blocks.size() + 1, Matrix<float>(batch.tokens.size(), spec_.width));
    for_each_token(model, batch, [&](auto& state, std::size_t at, int token) {
      const std::vector<Row<float>> rows = model.trace(state, token);
      for (std::size_t i = 0; i < rows.size(); ++i) std::copy(rows[i].begin(), rows[i].end(), out[i].row(at).begin());
    });
    return out;
  }

 private:
  Spec spec_;
};

}  // namespace

std::unique_ptr<Executor> make_reference_executor(const Spec& spec) {
  return std::make_unique<ReferenceExecutor>(spec);
}

}  // namespace separatrix
