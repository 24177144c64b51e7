// Runs the gated delta rule kernels on poisoned memory: every row of every tensor is followed by a gap, outputs, gaps, saved and
// workspace start as NaN, and a gap that has changed is an overrun.
#pragma once
#include <cmath>
#include <limits>
#include <stdexcept>

#include "tests/kernels/delta_reference.h"

namespace separatrix::test {

/// (rows, width) floats with `gap` poisoned floats after each row.
class Guarded {
 public:
  static constexpr int gap = 3;
  Guarded(std::size_t rows, int width) : rows_(rows), width_(width), data_(rows * (width + gap), std::nanf("1")) {}
  Guarded(const std::vector<float>& values, int width) : Guarded(values.size() / width, width) {
    for (std::size_t i = 0; i < values.size(); ++i) data_[i / width * (width + gap) + i % width] = values[i];
  }
  Rows<float> rows() { return {data_.data(), width_ + gap}; }
  std::vector<float> values() const {
    std::vector<float> x;
    for (std::size_t i = 0; i < data_.size(); ++i) {
      if (int(i % (width_ + gap)) < width_)
        x.push_back(data_[i]);
      else if (!std::isnan(data_[i]))
        throw std::runtime_error("a kernel wrote beyond the end of a row");
    }
    return x;
  }

 private:
  std::size_t rows_;
  int width_;
  std::vector<float> data_;
};

/// Memory whose first and last `band` floats must not change.
class Banded {
 public:
  static constexpr std::size_t band = 32;
  explicit Banded(std::size_t size) : data_(size + 2 * band, std::nanf("1")) {}
  float* data() { return data_.data() + band; }
  void check() const {
    for (std::size_t i = 0; i < band; ++i)
      if (!std::isnan(data_[i]) || !std::isnan(data_[data_.size() - 1 - i]))
        throw std::runtime_error("a kernel left its workspace");
  }

 private:
  std::vector<float> data_;
};

inline DeltaResult<float> delta_kernel(const DeltaShape& s, const DeltaForm& form, const DeltaTensors<float>& in,
                                       const std::vector<float>& d_o, const std::vector<float>& d_final_state) {
  const std::size_t rows = std::size_t(s.batch) * s.length, states = std::size_t(s.batch) * s.value_heads * s.key_dim * s.value_dim;
  const int key = s.key_heads * s.key_dim, value = s.value_heads * s.value_dim, gate = s.value_heads;
  Guarded q(in.q, key), k(in.k, key), v(in.v, value), g(in.g, gate), beta(in.beta, gate), d(d_o, value), o(rows, value);
  Guarded d_q(rows, key), d_k(rows, key), d_v(rows, value), d_g(rows, gate), d_beta(rows, gate);
  Guarded final_state(1, int(states)), d_state(1, int(states));
  Banded saved(delta_saved_size(s)), forward(delta_workspace_size(s)), backward(delta_workspace_size(s));
  const DeltaInput input{q.rows(), k.rows(), v.rows(), g.rows(), beta.rows(), in.state.empty() ? nullptr : in.state.data()};
  delta_forward(s, form, input, o.rows(), final_state.rows().data, saved.data(), forward.data());
  delta_backward(s, form, input, saved.data(), d.rows(), d_final_state.data(),
                 {d_q.rows(), d_k.rows(), d_v.rows(), d_g.rows(), d_beta.rows(), d_state.rows().data}, backward.data());
  saved.check(), forward.check(), backward.check();
  return {o.values(),
          final_state.values(),
          {d_q.values(), d_k.values(), d_v.values(), d_g.values(), d_beta.values(), d_state.values()}};
}

}  // namespace separatrix::test
