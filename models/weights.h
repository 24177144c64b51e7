// The weights of a model: one flat array and the layout that names its parts.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "models/matrix.h"
#include "models/spec.h"

namespace separatrix {

template <class T>
class Weights {
 public:
  explicit Weights(const Spec& spec) : layout_(separatrix::layout(spec)) {
    for (std::size_t i = 0; i < layout_.size(); ++i) index_[layout_[i].name] = i;
    if (!layout_.empty()) values_.assign(layout_.back().offset + layout_.back().size, T(0));
  }

  const std::vector<Parameter>& layout() const { return layout_; }
  std::vector<T>& values() { return values_; }
  const std::vector<T>& values() const { return values_; }

  const Parameter& parameter(const std::string& name) const {
    const auto found = index_.find(name);
    if (found == index_.end()) fail("no weight named '{}' in this model", name);
    return layout_[found->second];
  }
  std::span<T> operator[](const std::string& name) {
    const Parameter& p = parameter(name);
    return {values_.data() + p.offset, p.size};
  }
  std::span<const T> operator[](const std::string& name) const {
    const Parameter& p = parameter(name);
    return {values_.data() + p.offset, p.size};
  }
  bool has(const std::string& name) const { return index_.count(name) != 0; }
  /// As a matrix: first axis by the product of the others.
  Matrix<T> matrix(const std::string& name) const {
    const Parameter& p = parameter(name);
    const std::size_t rows = static_cast<std::size_t>(p.shape[0]);
    Matrix<T> m(rows, rows ? p.size / rows : 0);
    for (std::size_t i = 0; i < p.size; ++i) m.values()[i] = values_[p.offset + i];
    return m;
  }

 private:
  std::vector<Parameter> layout_;
  std::map<std::string, std::size_t> index_;
  std::vector<T> values_;
};

}  // namespace separatrix
