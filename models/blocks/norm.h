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
  double eps = 0;

  Row<T> operator()(const Row<T>& x) const {
    if constexpr (Real<T>)
      return rms_norm<T>(x, weight, round_cast<T>(eps));
    else
      needs_real("rms_norm", "sqrt");
  }
};

/// x with each group divided by its own root mean square (multi-pre-norm).  A group of zeros stays zero, so that eps may be 0.
template <Field T>
Row<T> normed_groups(Row<T> x, const std::vector<NormGroup>& groups, double eps) {
  if constexpr (Real<T>) {
    for (const NormGroup& g : groups) {
      const std::span<T> part{x.data() + g.first, static_cast<std::size_t>(g.size)};
      const T square = dot<T>(part, part);
      if (square == T(0)) continue;
      const T norm = sqrt(square / T(g.size) + round_cast<T>(eps));
      for (T& e : part) e = e / norm;
    }
    return x;
  } else {
    if (groups.empty()) return x;
    needs_real("a normed group", "sqrt");
  }
}

}  // namespace separatrix
