// A number that remembers how it was computed: reverse-mode derivatives over any field.
//   Tape tape; Var<double> x = tape.input(2); Var<double> y = x * x; tape.gradient(y)[x.index] == 4
// Slow and exact in its arithmetic: the reference for every backward kernel.
#pragma once
#include <array>
#include <vector>

#include "models/numbers/cast.h"

namespace separatrix {

template <Field T>
class Tape;

template <Field T>
struct Var {
  T value;
  int index = -1;  // -1: a constant
  Var() : value(T(0)) {}
  Var(int x) : value(T(x)) {}
  explicit Var(const T& x, int i = -1) : value(x), index(i) {}
  friend bool operator<(const Var& a, const Var& b) { return a.value < b.value; }
  friend bool operator==(const Var& a, const Var& b) { return a.value == b.value; }
};

/// The operations since its construction, one tape per thread and number type at a time.
template <Field T>
class Tape {
 public:
  Tape() : outer_(current()) { current() = this; }
  ~Tape() { current() = outer_; }
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  static Tape*& current() {
    thread_local Tape* tape = nullptr;
    return tape;
  }
  Var<T> input(const T& x) { return node(x, {-1, -1}, {T(0), T(0)}); }
  Var<T> node(const T& value, std::array<int, 2> parents, std::array<T, 2> partials) {
    nodes_.push_back({parents, partials});
    return Var<T>(value, static_cast<int>(nodes_.size()) - 1);
  }
  /// d output / d node for every node.
  std::vector<T> gradient(const Var<T>& output) const {
    std::vector<T> g(nodes_.size(), T(0));
    if (output.index >= 0) g[output.index] = T(1);
    for (std::size_t i = nodes_.size(); i-- > 0;)
      for (int side = 0; side < 2; ++side)
        if (const int p = nodes_[i].parents[side]; p >= 0) g[p] = g[p] + g[i] * nodes_[i].partials[side];
    return g;
  }

 private:
  struct Node {
    std::array<int, 2> parents;
    std::array<T, 2> partials;
  };
  std::vector<Node> nodes_;
  Tape* outer_;
};

/// A new node, or a constant when nothing it depends on is an input.
template <Field T>
Var<T> record(const T& value, const Var<T>& a, const T& da, const Var<T>& b, const T& db) {
  if (a.index < 0 && b.index < 0) return Var<T>(value);
  return Tape<T>::current()->node(value, {a.index, b.index}, {da, db});
}
template <Field T>
Var<T> record(const T& value, const Var<T>& a, const T& da) {
  return record(value, a, da, Var<T>(), T(0));
}

template <Field T>
Var<T> operator+(const Var<T>& a, const Var<T>& b) {
  return record(T(a.value + b.value), a, T(1), b, T(1));
}
template <Field T>
Var<T> operator-(const Var<T>& a, const Var<T>& b) {
  return record(T(a.value - b.value), a, T(1), b, T(0) - T(1));
}
template <Field T>
Var<T> operator*(const Var<T>& a, const Var<T>& b) {
  return record(T(a.value * b.value), a, b.value, b, a.value);
}
template <Field T>
Var<T> operator/(const Var<T>& a, const Var<T>& b) {
  const T q = a.value / b.value;
  return record(q, a, T(T(1) / b.value), b, T(T(0) - q / b.value));
}
template <Real T>
Var<T> exp(const Var<T>& a) {
  const T e = exp(a.value);
  return record(e, a, e);
}
template <Real T>
Var<T> sqrt(const Var<T>& a) {
  const T r = sqrt(a.value);
  return record(r, a, T(T(1) / (r + r)));
}
template <Real T>
Var<T> log1p(const Var<T>& a) {
  return record(T(log1p(a.value)), a, T(T(1) / (T(1) + a.value)));
}

template <Field T>
inline constexpr bool zeros_add_nothing<Var<T>> = false;

template <Field T>
struct FromDouble<Var<T>> {
  static Var<T> exact(double x) { return Var<T>(FromDouble<T>::exact(x)); }
  static Var<T> rounded(double x) { return Var<T>(FromDouble<T>::rounded(x)); }
};
template <Field T>
struct ToDouble<Var<T>> {
  static double rounded(const Var<T>& x) { return ToDouble<T>::rounded(x.value); }
};

}  // namespace separatrix
