// A dense row-major matrix and the product of rows with a weight: y = x W^T.
#pragma once
#include <cstddef>
#include <vector>

#include "models/numbers/field.h"
#include "tasks/error.h"

namespace separatrix {

template <class T>
class Matrix {
 public:
  Matrix() = default;
  Matrix(std::size_t rows, std::size_t cols, T fill = T(0)) : rows_(rows), cols_(cols), data_(rows * cols, fill) {}

  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }
  T& operator()(std::size_t i, std::size_t j) { return data_[i * cols_ + j]; }
  const T& operator()(std::size_t i, std::size_t j) const { return data_[i * cols_ + j]; }
  std::span<T> row(std::size_t i) { return {data_.data() + i * cols_, cols_}; }
  std::span<const T> row(std::size_t i) const { return {data_.data() + i * cols_, cols_}; }
  /// Columns [first, first + count) of row i.
  std::span<const T> part(std::size_t i, std::size_t first, std::size_t count) const { return row(i).subspan(first, count); }
  std::span<T> part(std::size_t i, std::size_t first, std::size_t count) { return row(i).subspan(first, count); }
  std::vector<T>& values() { return data_; }
  const std::vector<T>& values() const { return data_; }
  bool operator==(const Matrix&) const = default;

 private:
  std::size_t rows_ = 0, cols_ = 0;
  std::vector<T> data_;
};

/// x (n, d) times the transpose of w (e, d): (n, e).
template <Field T>
Matrix<T> linear(const Matrix<T>& x, const Matrix<T>& w) {
  if (x.cols() != w.cols()) fail("linear: x has {} columns, the weight {}", x.cols(), w.cols());
  Matrix<T> y(x.rows(), w.rows());
  for (std::size_t i = 0; i < x.rows(); ++i)
    for (std::size_t j = 0; j < w.rows(); ++j) y(i, j) = dot<T>(x.row(i), w.row(j));
  return y;
}

template <Field T>
Matrix<T> add(const Matrix<T>& a, const Matrix<T>& b) {
  Matrix<T> y(a.rows(), a.cols());
  for (std::size_t i = 0; i < a.rows(); ++i)
    for (std::size_t j = 0; j < a.cols(); ++j) y(i, j) = a(i, j) + b(i, j);
  return y;
}

}  // namespace separatrix
