// The smallest model that learns: logits of position t = H e[token t], with its exact gradient.  Tests of the harness run on it.
#pragma once
#include <algorithm>
#include <cmath>

#include "kernels/executor.h"

namespace separatrix {

class BigramExecutor final : public Executor {
 public:
  double loss_and_gradient(const Weights<float>& w, const Batch& batch, Weights<float>& gradient) override {
    std::fill(gradient.values().begin(), gradient.values().end(), 0.0f);
    const int counted = static_cast<int>(std::count(batch.mask.begin(), batch.mask.end(), 1));
    double loss = 0;
    for (std::size_t i = 0; i < batch.tokens.size(); ++i)
      if (batch.mask[i]) loss += add_position(w, batch.tokens[i], batch.targets[i], counted, gradient);
    return loss / counted;
  }

  std::vector<std::int32_t> predict(const Weights<float>& w, const Batch& batch) override {
    std::vector<std::int32_t> out(batch.tokens.size(), -1);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::vector<double> z = scores(w, batch.tokens[i]);
      if (batch.mask[i]) out[i] = static_cast<std::int32_t>(std::max_element(z.begin(), z.end()) - z.begin());
    }
    return out;
  }

  Matrix<float> logits(const Weights<float>& w, const Batch& batch) override {
    Matrix<float> out(batch.tokens.size(), vocab(w));
    for (std::size_t i = 0; i < batch.tokens.size(); ++i) {
      const std::vector<double> z = scores(w, batch.tokens[i]);
      std::copy(z.begin(), z.end(), out.row(i).begin());
    }
    return out;
  }

  std::vector<Matrix<float>> layers(const Weights<float>&, const Batch&) override { return {}; }

 private:
  static constexpr const char *embed = "model.embed_tokens.weight", *head = "lm_head.weight";
  static std::size_t vocab(const Weights<float>& w) { return static_cast<std::size_t>(w.parameter(head).shape[0]); }
  static std::size_t width(const Weights<float>& w) { return static_cast<std::size_t>(w.parameter(head).shape[1]); }

  static std::vector<double> scores(const Weights<float>& w, std::int32_t token) {
    const std::size_t d = width(w);
    std::vector<double> z(vocab(w), 0.0);
    for (std::size_t v = 0; v < z.size(); ++v)
      for (std::size_t j = 0; j < d; ++j)
        z[v] += static_cast<double>(w[head][v * d + j]) * w[embed][static_cast<std::size_t>(token) * d + j];
    return z;
  }

  static double add_position(const Weights<float>& w, std::int32_t token, std::int32_t target, int counted,
                             Weights<float>& gradient) {
    const std::size_t d = width(w), from = static_cast<std::size_t>(token);
    const std::vector<double> z = scores(w, token);
    const double top = *std::max_element(z.begin(), z.end());
    double sum = 0;
    for (const double x : z) sum += std::exp(x - top);
    for (std::size_t v = 0; v < z.size(); ++v) {
      const double dz = (std::exp(z[v] - top) / sum - (static_cast<std::int32_t>(v) == target)) / counted;
      for (std::size_t j = 0; j < d; ++j) {
        gradient[head][v * d + j] += static_cast<float>(dz * w[embed][from * d + j]);
        gradient[embed][from * d + j] += static_cast<float>(dz * w[head][v * d + j]);
      }
    }
    return std::log(sum) + top - z[static_cast<std::size_t>(target)];
  }
};

}  // namespace separatrix
