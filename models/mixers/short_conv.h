// Short causal convolution, one filter per channel:  y_t[c] = sum_j w[c, j] x_{t - width + 1 + j}[c],  x_t = 0 for t < 0.
#pragma once
#include "models/layer_weights.h"

namespace separatrix {

template <Field T>
class ShortConv {
 public:
  /// The last width - 1 inputs, oldest first.
  using State = std::vector<Row<T>>;

  ShortConv() = default;
  explicit ShortConv(Matrix<T> weight) : weight_(std::move(weight)) {}  // (channels, width)

  State start() const { return State(weight_.cols() - 1, Row<T>(weight_.rows(), T(0))); }

  Row<T> step(State& state, const Row<T>& x) const {
    state.push_back(x);
    Row<T> y;
    for (std::size_t c = 0; c < weight_.rows(); ++c) {
      Accumulator<T> s;
      for (std::size_t j = 0; j < weight_.cols(); ++j) s.add_product(weight_(c, j), state[j][c]);
      y.push_back(s.value);
    }
    state.erase(state.begin());
    return y;
  }

 private:
  Matrix<T> weight_;
};

}  // namespace separatrix
