// Float memory that grows when a longer batch comes and is otherwise reused: steps of one size allocate nothing.
#pragma once
#include <cstddef>
#include <memory>
#include <new>

#include "kernels/executor.h"
#include "kernels/rows.h"

namespace separatrix {

class Buffer {
 public:
  /// At least `size` floats, 64-byte aligned; what was there before is gone when it had to grow.
  float* reserve(std::size_t size) {
    if (size > size_) {
      data_.reset();
      data_.reset(static_cast<float*>(::operator new[](size * sizeof(float), std::align_val_t{64})));
      size_ = size;
    }
    return data_.get();
  }
  float* data() const { return data_.get(); }

 private:
  struct Free {
    void operator()(float* p) const { ::operator delete[](p, std::align_val_t{64}); }
  };
  std::unique_ptr<float[], Free> data_;
  std::size_t size_ = 0;
};

/// The same for a matrix whose rows products read (row_stride).
class MatrixBuffer {
 public:
  /// For (rows, cols) from now on; `product` is the precision of the product that writes it, if one does: oneDNN's with bf16
  /// weights laid out write rows without gaps only.
  Rows<float> reserve(std::ptrdiff_t rows, std::ptrdiff_t cols, Precision product = Precision::fp32) {
    const std::ptrdiff_t stride = product == Precision::bf16 ? cols : row_stride<float>(cols);
    return rows_ = {memory_.reserve(static_cast<std::size_t>(rows * stride)), stride};
  }
  Rows<float> rows() const { return rows_; }

 private:
  Buffer memory_;
  Rows<float> rows_;
};

}  // namespace separatrix
