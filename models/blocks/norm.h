// Root-mean-square norm:  y_i = w_i x_i / sqrt(mean(x^2) + eps).   Zhang and Sennrich 2019.
#pragma once
#include "models/layer_weights.h"
#include "models/numbers/functions.h"

namespace separatrix {

template <Real T>
Row<T> rms_norm(std::span<const T> x, std::span<const T> weight, const T& eps) {
  const T scale = T(1) / sqrt(dot<T>(x, x) / T(static_cast<int>(x.size())) + eps);
  Row<T> y(x.begin(), x.end());
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = weight[i] * (x[i] * scale);
  return y;
}

/// The norm of a block or of the read-out.
template <Field T>
struct RmsNorm {
  Row<T> weight;
  double eps;

  Row<T> operator()(const Row<T>& x) const {
    if constexpr (Real<T>)
      return rms_norm<T>(x, weight, round_cast<T>(eps));
    else
      needs_real("rms_norm", "sqrt");
  }
};

}  // namespace separatrix
