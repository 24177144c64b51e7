// NumPy arrays over C++ memory: nothing is copied, the array keeps its owner alive.
#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace separatrix {

/// An array of `shape` over `data`, which belongs to `owner`.
template <class T, class Owner>
nanobind::object array_over(T* data, const std::vector<std::int64_t>& shape, std::shared_ptr<Owner> owner) {
  const std::vector<std::size_t> sizes(shape.begin(), shape.end());
  nanobind::capsule keep(new std::shared_ptr<Owner>(std::move(owner)),
                         [](void* p) noexcept { delete static_cast<std::shared_ptr<Owner>*>(p); });
  return nanobind::cast(nanobind::ndarray<nanobind::numpy, T>(data, sizes.size(), sizes.data(), keep));
}

/// An array that takes over `values`.
template <class T>
nanobind::object array_of(std::vector<T> values, const std::vector<std::int64_t>& shape) {
  const auto owner = std::make_shared<std::vector<T>>(std::move(values));
  return array_over<T>(owner->data(), shape, owner);
}

}  // namespace separatrix
