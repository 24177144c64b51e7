// What a layer may ask of its numbers, and the only place that says what a sum is.
#pragma once
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>

namespace separatrix {

// Without these, g++ computes exp(float) in double and nvcc in float: the same header would be two arithmetics.
using std::exp, std::log1p, std::sqrt;

/// + - * / and an order.  Rational numbers suffice: the delta rule and hard attention live here.
template <class T>
concept Field = std::copyable<T> && requires(const T a, const T b) {
  T(1);
  { a + b } -> std::convertible_to<T>;
  { a - b } -> std::convertible_to<T>;
  { a* b } -> std::convertible_to<T>;
  { a / b } -> std::convertible_to<T>;
  { a < b } -> std::convertible_to<bool>;
  { a == b } -> std::convertible_to<bool>;
};

/// A field with exp and sqrt: softmax, sigmoid, norms.
template <class T>
concept Real = Field<T> && requires(const T a) {
  { exp(a) } -> std::convertible_to<T>;
  { sqrt(a) } -> std::convertible_to<T>;
  { log1p(a) } -> std::convertible_to<T>;
};

/// Sums from left to right in T.  A number type may specialise it (a wider accumulator, say).
template <Field T>
struct Accumulator {
  T value = T(0);
  void add(const T& x) { value = value + x; }
  void add_product(const T& x, const T& y) { value = value + x * y; }
};

template <Field T>
T dot(std::span<const T> a, std::span<const T> b) {
  Accumulator<T> s;
  for (std::size_t i = 0; i < a.size(); ++i) s.add_product(a[i], b[i]);
  return s.value;
}

template <Field T>
T sum(std::span<const T> a) {
  Accumulator<T> s;
  for (const T& x : a) s.add(x);
  return s.value;
}

/// Whether a weight that is zero may be left out of a sum; not where zero is a number to be differentiated by.
template <Field T>
inline constexpr bool zeros_add_nothing = true;

}  // namespace separatrix
