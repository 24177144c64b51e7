// The weights of one layer, by their short names, and W x for one token.
#pragma once
#include <string>
#include <vector>

#include "models/weights.h"

namespace separatrix {

template <class T>
using Row = std::vector<T>;  // one token's features

/// View of the weights whose names begin with `prefix`.
template <Field T>
struct LayerWeights {
  const Weights<T>& all;
  std::string prefix;
  Matrix<T> matrix(const std::string& name) const { return all.matrix(prefix + name); }
  Row<T> vector(const std::string& name) const {
    const std::span<const T> values = all[prefix + name];
    return Row<T>(values.begin(), values.end());
  }
};

/// W x: w (e, d), x (d) -> (e).
template <Field T>
Row<T> matvec(const Matrix<T>& w, std::span<const T> x) {
  Row<T> y;
  y.reserve(w.rows());
  for (std::size_t i = 0; i < w.rows(); ++i) y.push_back(dot<T>(w.row(i), x));
  return y;
}
template <Field T>
Row<T> matvec(const Matrix<T>& w, const Row<T>& x) {
  return matvec(w, std::span<const T>(x));
}

template <Field T>
Row<T> add(const Row<T>& a, const Row<T>& b) {
  Row<T> y = a;
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = y[i] + b[i];
  return y;
}

/// Throws: layer `layer` uses `what`, which the number type cannot do.
[[noreturn]] inline void needs_real(const std::string& layer, const std::string& what) {
  fail("{} needs {}, which this number system lacks; evaluate with --numbers float or double", layer, what);
}

}  // namespace separatrix
