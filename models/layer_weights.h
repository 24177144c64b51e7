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

/// A projection with its zero weights left out: they add nothing, and hand-built weights are nearly all zero.
template <Field T>
class Projection {
 public:
  Projection() = default;
  Projection(const Matrix<T>& w) : begins_{0} {  // w (e, d)
    for (std::size_t i = 0; i < w.rows(); ++i) {
      for (std::size_t j = 0; j < w.cols(); ++j)
        if (!zeros_add_nothing<T> || !(w(i, j) == T(0))) terms_.push_back({j, w(i, j)});
      begins_.push_back(terms_.size());
    }
  }
  /// x (d) -> W x (e), each sum from left to right.
  Row<T> operator()(const Row<T>& x) const {
    Row<T> y;
    y.reserve(begins_.size() - 1);
    for (std::size_t i = 0; i + 1 < begins_.size(); ++i) {
      Accumulator<T> sum;
      for (std::size_t k = begins_[i]; k < begins_[i + 1]; ++k) sum.add_product(terms_[k].weight, x[terms_[k].from]);
      y.push_back(sum.value);
    }
    return y;
  }

 private:
  struct Term {
    std::size_t from;
    T weight;
  };
  std::vector<Term> terms_;
  std::vector<std::size_t> begins_;  // row i is terms [begins[i], begins[i + 1])
};

template <Field T>
Row<T> add(const Row<T>& a, const Row<T>& b) {
  Row<T> y = a;
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = y[i] + b[i];
  return y;
}

/// The model asks for more than the number type has: nothing is known of its answers.
class NeedsReal : public Error {
 public:
  using Error::Error;
};

/// Throws: layer `layer` uses `what`, which the number type cannot do.
[[noreturn]] inline void needs_real(const std::string& layer, const std::string& what) {
  throw NeedsReal(fmt::format("{} needs {}, which this number system lacks; evaluate with --numbers float or double", layer, what));
}

}  // namespace separatrix
